"""Training on defeats: replays to starts, and games that begin there."""

import numpy as np
import pytest
from click.testing import CliRunner

from agents.train.checkpoint import load_checkpoint
from agents.train.cli import train
from agents.train.config import PRESETS, TrainConfig
from agents.train.errors import DefeatsError
from agents.train.league_env import LeagueEnv, load_starts, save_starts
from agents.train.losses import PLIES_BEFORE, find_defeats
from replays import Replay, encode, model_prefix
from tron_env.agent import make_agent
from tron_env.batch import BatchEngine
from tron_env.rewards import Rewards
from tron_env.ruleset import ARENA
from tron_env.spawn import spawns_for
from tron_env.types import SEATS, DeathCause, Outcome, Seat

MINE, THEIRS = model_prefix("11" * 32), model_prefix("22" * 32)


def played(seed: int) -> Replay:
    """Let two wall-huggers with different habits play a game."""
    engine = BatchEngine(ARENA, 1)
    engine.reset([0], [seed])
    agents = make_agent("wall-hugger"), make_agent("wall-hugger:order=ldru")
    game = np.zeros(1, dtype=np.intp)
    actions = []
    while engine.outcomes[0] == Outcome.ONGOING:
        pair = np.array(
            [[agent.act(engine, game, game + seat)[0] for seat, agent in enumerate(agents)]]
        )
        engine.step(pair)
        actions.append(engine.headings[0].copy())
    return Replay(
        ruleset=ARENA,
        seed=seed,
        spawns=spawns_for(ARENA, seed),
        actions=np.array(actions, dtype=np.uint8),
        outcome=Outcome(engine.outcomes[0]),
        causes=(DeathCause(engine.causes[0, 0]), DeathCause(engine.causes[0, 1])),
        models=(MINE, THEIRS),
    )


@pytest.fixture(scope="module")
def replays() -> list[Replay]:
    """One won game for each seat."""
    found: dict[Seat, Replay] = {}
    for seed in range(200):
        replay = played(seed)
        if replay.outcome.winner is not None and replay.plies > max(PLIES_BEFORE):
            found.setdefault(replay.outcome.winner, replay)
        if len(found) == SEATS:
            return [found[Seat.FIRST], found[Seat.SECOND]]
    raise AssertionError("no decided games")


@pytest.fixture
def folder(replays, tmp_path):
    for number, replay in enumerate(replays):
        (tmp_path / f"{number}.trp").write_bytes(encode(replay))
    return tmp_path


def test_every_defeat_gives_starts_shortly_before_its_end(folder, replays):
    starts = find_defeats([str(folder)], None)
    assert [start.seat for start in starts] == [Seat.SECOND] * 4 + [Seat.FIRST] * 4
    assert [start.state.ply for start in starts] == [
        replay.plies - before for replay in replays for before in PLIES_BEFORE
    ]


def test_only_the_defeats_of_the_model_named_count(folder, tmp_path, monkeypatch):
    model = tmp_path / "mine.onnx"
    model.write_bytes(b"mine")
    monkeypatch.setattr("agents.train.losses.model_prefix", lambda _: MINE)
    starts = find_defeats([str(folder / "0.trp"), str(folder / "1.trp")], model)
    assert {start.seat for start in starts} == {Seat.FIRST}
    with pytest.raises(DefeatsError, match=r"no defeat of .* in 1 replays"):
        find_defeats([str(folder / "0.trp")], model)


def test_games_begin_before_the_defeats_with_the_loser_learning(folder):
    starts = find_defeats([str(folder)], None)
    env = LeagueEnv(64, ruleset=ARENA, rewards=Rewards(), seed=3)
    env.games.set_starts(starts, 0.5)
    env.reset()
    begun = {(start.state.cells.tobytes(), start.seat) for start in starts}
    placed = [
        (env.engine.cells[game].tobytes(), Seat(env.seats[game])) in begun for game in range(64)
    ]
    assert 10 < sum(placed) < 54
    env.games.set_starts(starts, 1.0)
    env.reset()
    assert all((env.engine.cells[g].tobytes(), Seat(env.seats[g])) in begun for g in range(64))


def test_a_run_with_losses_plays_on_from_them(folder, tmp_path, monkeypatch):
    brief = TrainConfig(
        steps=32,
        games=16,
        rollout_plies=2,
        batch_size=32,
        losses_share=1.0,
        evaluation_starts=1,
        evaluation_opponents=("random",),
    )
    monkeypatch.setitem(PRESETS, "quick", brief)
    out = tmp_path / "run"
    done = CliRunner().invoke(train, ["--losses", str(folder), "--out", str(out)])
    assert done.exit_code == 0, done.output
    plies = load_checkpoint(out / "latest.zip").state.arrays["plies"]
    assert min(plies) >= min(start.state.ply for start in find_defeats([str(folder)], None)) > 2


def test_starts_are_kept_with_the_run(folder, tmp_path):
    starts = find_defeats([str(folder)], None)
    save_starts(starts, tmp_path / "starts.npz")
    for start, again in zip(starts, load_starts(tmp_path / "starts.npz"), strict=True):
        assert again.seat == start.seat
        assert (again.state.cells == start.state.cells).all()
        assert again.state.heads == start.state.heads
        assert again.state.headings == start.state.headings
        assert again.state.ply == start.state.ply
