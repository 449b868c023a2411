"""Games in lockstep: records, batching, and whose games a fault costs."""

import numpy as np
import pytest

from agents.errors import InferenceTimeoutError, InvalidLogitsError, ModelCrashedError
from arena.contestants import AgentContestant
from arena.duel import DuelPlan, play_duels
from arena.errors import SandboxLostError
from arena.lockstep import MAX_FAILED_CALLS, MAX_FAULTS, GamePlan, play_games
from arena.schedule import game_seeds
from replays.format import Ending
from replays.playback import verify
from tron_env.agent import make_agent
from tron_env.ruleset import APEX, ARENA, Ruleset
from tron_env.types import DeathCause, Outcome

SEED = "5a" * 32


class Lowest:
    """Plays the lowest accepted action; what it does besides is up to ``trouble``."""

    def __init__(self, name="a", trouble=None):
        self.prefix = name.encode().ljust(8)
        self.trouble = trouble
        self.calls = []

    def submit(self, engine, games, seats):
        self.asked = engine, games.copy(), seats.copy()
        self.calls.append(len(games))

    def collect(self):
        engine, games, seats = self.asked
        assert engine.masks[games, seats].any(axis=1).all()
        if self.trouble is not None:
            self.trouble(engine, games)
        return engine.masks[games, seats].argmax(axis=1).astype(np.uint8)


def plans(games=4):
    return [GamePlan((0, 1), seed) for seed in range(games)]


def test_games_follow_the_rules_and_record_who_rode():
    contestants = (Lowest("first"), Lowest("second"))
    for game in play_games(ARENA, plans(), contestants):
        verify(game.replay)
        assert game.replay.models == (b"first   ", b"second  ")
        assert game.replay.ending is Ending.RULES
        assert game.reasons == (None, None)


def test_each_contestant_is_called_once_a_ply_with_all_it_has():
    contestants = (Lowest(), Lowest())
    played = play_games(ARENA, plans(6), contestants)
    plies = max(game.replay.plies for game in played)
    for contestant in contestants:
        assert contestant.calls[0] == 6
        assert contestant.calls == sorted(contestant.calls, reverse=True)
        assert len(contestant.calls) <= plies


def test_all_are_submitted_to_before_any_is_collected():
    log = []

    class Logged(Lowest):
        def submit(self, engine, games, seats):
            log.append("submit")
            super().submit(engine, games, seats)

        def collect(self):
            log.append("collect")
            return super().collect()

    play_games(ARENA, plans(1), (Logged(), Logged()))
    assert log[:4] == ["submit", "submit", "collect", "collect"]


def test_a_contestant_may_meet_itself():
    (game,) = play_games(ARENA, [GamePlan((0, 0), 1)], (Lowest(),))
    verify(game.replay)


def test_games_do_not_depend_on_what_else_is_played():
    alone = [play_games(ARENA, [plan], (Lowest(), Lowest()))[0] for plan in plans(5)]
    together = play_games(ARENA, plans(5), (Lowest(), Lowest()))
    assert [game.replay for game in together] == [game.replay for game in alone]


def test_progress_counts_games_that_are_over():
    seen = []
    play_games(ARENA, plans(5), (Lowest(), Lowest()), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 5


def test_only_positions_that_fail_alone_forfeit():
    def trouble(engine, games):
        if len(games) > 1 and engine.plies[games].max() == 2:
            raise ModelCrashedError("batch")
        if games[0] == 1 and engine.plies[1] == 2:
            raise InferenceTimeoutError("took over 1 s")

    played = play_games(ARENA, plans(), (Lowest(), Lowest(trouble=trouble)))
    healthy = play_games(ARENA, plans(), (Lowest(), Lowest()))
    forfeited = played[1]
    assert forfeited.reasons == (None, "too slow: took over 1 s")
    assert forfeited.replay.ending is Ending.FORFEIT
    assert forfeited.replay.outcome is Outcome.FIRST_WINS
    assert forfeited.replay.causes == (DeathCause.NONE, DeathCause.NONE)
    assert forfeited.replay.plies == 2
    verify(forfeited.replay)
    for number in (0, 2, 3):
        assert played[number].replay == healthy[number].replay


def test_past_the_limit_the_rest_is_forfeited_without_play():
    def trouble(engine, games):
        raise InvalidLogitsError((0,))

    contestants = (Lowest(), Lowest(trouble=trouble))
    played = play_games(ARENA, plans(6), contestants)
    reasons = [game.reasons[1] for game in played]
    assert reasons == ["NaN or +inf for an accepted action"] * MAX_FAULTS + [
        f"not played after {MAX_FAULTS} faults"
    ] * (6 - MAX_FAULTS)
    assert {game.replay.outcome for game in played} == {Outcome.FIRST_WINS}
    assert contestants[1].calls == [6] + [1] * MAX_FAULTS


def test_who_fails_only_in_company_is_soon_asked_alone_and_forfeits_nothing():
    def trouble(engine, games):
        if len(games) > 1:
            raise InferenceTimeoutError("took over 1 s")

    crowded = Lowest(trouble=trouble)
    played = play_games(ARENA, plans(), (Lowest(), crowded))
    healthy = play_games(ARENA, plans(), (Lowest(), Lowest()))
    assert [game.replay for game in played] == [game.replay for game in healthy]
    assert sum(call > 1 for call in crowded.calls) == MAX_FAILED_CALLS


def test_a_fault_and_a_leaving_in_one_ply_count_alike_whoever_is_asked_first():
    def leaves(engine, games):
        raise ModelCrashedError("segmentation fault")

    def fails_in_the_last(engine, games):
        if 5 in games:
            raise InvalidLogitsError((0,))

    riders = {"leaver": Lowest(trouble=leaves), "failing": Lowest(trouble=fails_in_the_last)}
    found = []
    for order in (("leaver", "failing"), ("failing", "leaver")):
        seats = (order.index("leaver"), order.index("failing"))
        games = [GamePlan(seats, seed) for seed in range(6)]
        played = play_games(ARENA, games, [riders[name] for name in order])
        found.append([(game.reasons, game.replay.outcome) for game in played])
    assert found[0] == found[1]
    gone, nan = f"not played after {MAX_FAULTS} faults", "NaN or +inf for an accepted action"
    assert found[0][-2:] == [((gone, None), Outcome.SECOND_WINS), ((gone, nan), Outcome.DRAW)]


def test_both_may_forfeit_the_same_game():
    def trouble(engine, games):
        raise ModelCrashedError("segmentation fault")

    both = (Lowest(trouble=trouble), Lowest(trouble=trouble))
    (game,) = play_games(ARENA, plans(1), both)
    assert game.reasons == ("crashed: segmentation fault",) * 2
    assert (game.replay.outcome, game.replay.ending) == (Outcome.DRAW, Ending.FORFEIT)


def test_a_fault_of_ours_ends_the_batch():
    def trouble(engine, games):
        raise SandboxLostError("gone")

    with pytest.raises(SandboxLostError):
        play_games(ARENA, plans(), (Lowest(), Lowest(trouble=trouble)))


def test_the_ply_limit_ends_games():
    ruleset = Ruleset(max_plies=3)
    played = play_games(ruleset, plans(), (Lowest(), Lowest()))
    assert max(game.replay.plies for game in played) <= 3
    assert Outcome.TRUNCATED in {game.replay.outcome for game in played}


def test_a_mirrored_duel_of_equals_is_even():
    games = game_seeds(SEED, 0, 3)
    (duel,) = play_duels(APEX, [DuelPlan(9, 0, 1, games)], (Lowest("a"), Lowest("b")))
    assert duel.number == 9
    assert [game.replay.models[0] for game in duel.games] == [b"a       ", b"b       "] * 3
    assert duel.tally.points == duel.tally.flip().points == 3


def test_duels_played_together_are_the_duels_played_alone():
    contestants = [AgentContestant(make_agent(spec)) for spec in ("voronoi", "wall-hugger")]
    contestants.append(Lowest())
    pairs = [DuelPlan(k, i, j, game_seeds(SEED, k, 1)) for k, (i, j) in enumerate([(0, 1), (1, 2)])]
    together = play_duels(ARENA, pairs, contestants)
    for plan, duel in zip(pairs, together, strict=True):
        (alone,) = play_duels(ARENA, [plan], contestants)
        assert [game.replay for game in alone.games] == [game.replay for game in duel.games]
