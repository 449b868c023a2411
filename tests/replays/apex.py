"""Games in the form that Apex's runner writes, made from replays."""

from replays.playback import Playback
from tron_env.types import DeathCause, Outcome


def killed_by(cause, seat):
    return {
        DeathCause.WALL: ("wall", []),
        DeathCause.SELF: ("self", [seat]),
        DeathCause.OPPONENT: ("opponent", [1 - seat]),
        DeathCause.HEAD_ON: ("headon", [1 - seat]),
    }[cause]


def apex_game(replay, *, swap=False, index=0):
    playback = Playback(replay)
    deaths = {
        str(seat): dict(zip(("cause", "killed_by"), killed_by(cause, seat), strict=True))
        for seat, cause in enumerate(replay.causes)
        if cause is not DeathCause.NONE
    }
    history = []
    for ply in range(1, replay.plies + 1):
        over = ply == replay.plies
        history.append(
            {
                "step": ply,
                "actions": {str(seat): int(replay.actions[ply - 1, seat]) for seat in (0, 1)},
                "positions": {str(seat): playback.heads[ply, seat].tolist() for seat in (0, 1)},
                "alive": {str(seat): not (over and str(seat) in deaths) for seat in (0, 1)},
                "deaths": [int(seat) for seat in deaths] if over else [],
                "death_causes": deaths if over else {},
            }
        )
    config = {
        "width": replay.ruleset.width,
        "height": replay.ruleset.height,
        "max_steps": replay.ruleset.max_plies,
    }
    winner = replay.outcome.winner
    result = {
        "game_id": "dae53854-dc39-46ba-8034-415d2d46bf77",
        "winner": None if winner is None else int(winner),
        "steps": replay.plies,
        "max_steps": replay.ruleset.max_plies,
        "game_result": "Draw (timeout)" if replay.outcome is Outcome.TRUNCATED else "Player wins",
        "death_causes": deaths,
        "p1_survived_steps": replay.plies,
        "p2_survived_steps": replay.plies,
        "config": config | {"num_players": 2, "wall_wrap": False, "trail_fade": 0, "seed": 42},
        "spawn_positions": {
            str(seat): {"y": spawn.row, "x": spawn.col, "direction": int(spawn.heading)}
            for seat, spawn in enumerate(replay.spawns)
        },
        "history": history,
    }
    return {
        "index": index,
        "swap": swap,
        "seed": 42,
        "a_game_id": int(swap),
        "b_game_id": int(not swap),
        "score_a": 0.8,
        "score_b": 0.0,
        "result": result,
    }


def apex_duel(*games):
    return {
        "type": "tron_duel_replay",
        "version": 1,
        "model_a": "apex0.pt",
        "model_b": "apex1.pt",
        "config": {"width": 32, "height": 32, "max_steps": 500},
        "summary": {"duel_score_a": 0.4, "duel_score_b": 0.4, "winner": "TIE"},
        "games": [
            apex_game(game, swap=index % 2 == 1, index=index) for index, game in enumerate(games)
        ],
    }
