"""The path labelled games -> samples -> board network -> ONNX, walked with a tiny network."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from agents.matches import play_match
from agents.onnx_agent import OnnxAgent
from agents.policy import select_actions
from agents.train.__main__ import commands
from agents.train.board_network import (
    BoardConfig,
    BoardNetwork,
    BoardPolicy,
    accepted_actions,
    target_cells,
)
from agents.train.boards import boards_of
from agents.train.config import Device
from agents.train.errors import NetworkFileError, TrainingConfigError
from agents.train.export import check_parity, real_positions, to_onnx
from agents.train.fit_config import FitConfig, FitProgress
from agents.train.fit_losses import REFUSED, losses_of, masked, measured
from agents.train.games import LabelledGames
from agents.train.imitation import fit
from agents.train.network_file import load_network, save_network
from agents.train.provenance import Stage
from agents.train.samples import Samples
from tron_env.agent import make_agent
from tron_env.symmetry import SYMMETRIES
from tron_env.types import Plane

TINY = FitConfig(
    steps=120,
    batch_size=32,
    learning_rate=1e-2,
    warmup_steps=10,
    device=Device.CPU,
    network=BoardConfig(channels=(8, 8, 8), down=(1, 1, 1), up=(0, 1), territory_steps=12),
)
STAGE = Stage("tron imitate fit", "imitation", 0, 1, 1.0, "unknown")


class Notes:
    """Keeps what a fit reports; stops it after some reports."""

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.reports: list[FitProgress] = []

    def begun(self, games: int, samples: int, held_games: int, device: str) -> None:
        self.sizes = games, samples, held_games, device

    def progressed(self, progress: FitProgress) -> None:
        self.reports.append(progress)
        if len(self.reports) == self.most:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def games(recorded):
    return LabelledGames.load(recorded)


@pytest.fixture(scope="module")
def samples(games):
    return Samples(games, boards_of(games), torch.device("cpu"))


def first_games(games: LabelledGames, count: int) -> LabelledGames:
    names = ("heads", "headings", "plies", "result", "riders")
    firsts = {name: getattr(games, name)[:count] for name in names}
    return LabelledGames(**firsts, rows=games.rows[: int(games.plies[:count].sum())])


def tiny_network(seed: int = 0) -> BoardNetwork:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BoardNetwork(TINY.network).eval()


def test_a_tiny_network_learns_what_the_teacher_rides(games, tmp_path):
    notes = Notes()
    few = first_games(games, 3)
    path = fit(TINY, few, tmp_path, reporter=notes, held=few)
    assert notes.sizes[0] == notes.sizes[2] == 3
    samples = Samples(few, boards_of(few), torch.device("cpu"))
    untaught = measured(tiny_network(), samples, torch.arange(len(samples)))
    first, last = notes.reports[0], notes.reports[-1]
    assert first.steps == 50  # early, so that one sees whether it goes well
    assert last.steps == TINY.steps
    assert last.share == 1
    assert last.held.agreement > untaught.agreement + 0.15
    assert last.held.cross_entropy < untaught.cross_entropy
    assert last.held.ownership_loss < untaught.ownership_loss
    assert last.held.result_loss < untaught.result_loss
    (stage,) = load_network(path).history
    assert stage.steps == TINY.steps


def test_the_same_steps_give_the_same_network_and_a_stopped_fit_leaves_its_last(games, tmp_path):
    config = dataclasses.replace(TINY, steps=6, report_s=0.0)
    whole = fit(config, games, tmp_path / "whole", reporter=Notes())
    again = fit(config, games, tmp_path / "again", reporter=Notes())
    with pytest.raises(KeyboardInterrupt):
        fit(config, games, tmp_path / "stopped", reporter=Notes(most=4))
    expected = load_network(whole).network.state_dict()
    for name, weights in load_network(again).network.state_dict().items():
        assert torch.equal(weights, expected[name]), name
    assert load_network(tmp_path / "stopped" / "network.pt").history[0].steps == 4


def test_a_fit_begins_with_the_weights_that_it_is_given(games, tmp_path):
    given = tiny_network(seed=9)
    save_network(given, [STAGE], tmp_path / "given.pt")
    config = dataclasses.replace(TINY, steps=4, learning_rate=1e-30, weight_decay=0.0)
    path = fit(config, games, tmp_path, reporter=Notes(), init=load_network(tmp_path / "given.pt"))
    fitted = load_network(path)
    for (name, weights), expected in zip(
        fitted.network.named_parameters(), given.parameters(), strict=True
    ):
        torch.testing.assert_close(weights, expected, msg=name)
    assert fitted.history[0] == STAGE
    assert len(fitted.history) == 2
    other = dataclasses.replace(config, network=BoardConfig(channels=(8, 8, 16)))
    with pytest.raises(TrainingConfigError, match="network to begin with"):
        fit(other, games, tmp_path, reporter=Notes(), init=load_network(tmp_path / "given.pt"))


@pytest.mark.parametrize("symmetry", range(len(SYMMETRIES)))
def test_a_batch_seen_through_a_symmetry_is_the_batch_turned(samples, symmetry):
    places = torch.arange(0, len(samples), 37)
    plain, seen = samples.batch(places, 0), samples.batch(places, symmetry)
    turn = SYMMETRIES[symmetry]
    for name in ("observations", "free", "owners"):
        turned = turn.boards(getattr(plain, name).numpy())
        np.testing.assert_array_equal(getattr(seen, name).numpy(), turned)
    labelled = plain.labelled.numpy()
    np.testing.assert_array_equal(
        seen.actions.numpy()[labelled], turn.actions[plain.actions.numpy()[labelled]]
    )
    for name in ("values", "labelled", "results", "weights"):
        assert torch.equal(getattr(seen, name), getattr(plain, name))


def test_samples_are_seen_by_the_rider_to_move(games, samples):
    boards = boards_of(games)
    batch = samples.batch(torch.arange(len(samples)), 0)
    labels = games.rows["labels"]
    used = (labels < 4) | boards.calm[:, None]
    assert len(samples) == used.sum()
    plies, seats = np.nonzero(used)
    np.testing.assert_array_equal(batch.labelled.numpy(), labels[plies, seats] < 4)
    heads = batch.observations[:, Plane.OWN_HEAD].flatten(1).argmax(dim=1).numpy()
    rows, cols = np.divmod(heads, 32)
    np.testing.assert_array_equal(np.stack((rows, cols), axis=1), boards.heads[plies, seats])
    signs = np.where(seats == 0, 1, -1)
    results = games.result[boards.games[plies]]
    np.testing.assert_array_equal(batch.results.numpy(), signs * results)
    weights = np.where(boards.pure, 1.0, 0.4) * boards.calm
    np.testing.assert_allclose(batch.weights.numpy(), weights[plies])
    # What is trail already stays its rider's to the end.
    own = batch.observations[:, Plane.OWN_TRAIL] == 1
    assert (batch.owners[own] == 1).float().mean() > 0.99


def test_only_accepted_actions_are_left_to_play():
    network = BoardPolicy(tiny_network())
    probes = real_positions(network, 200)
    observations = torch.from_numpy(probes.observations)
    np.testing.assert_array_equal(accepted_actions(observations).numpy(), probes.masks)
    assert (target_cells(observations).sum((1, 2, 3)) == 4).all()
    logits = masked(network(observations), observations).detach().numpy()
    assert (logits[~probes.masks] == REFUSED).all()
    np.testing.assert_array_equal(
        logits.argmax(axis=1), select_actions(network(observations).detach().numpy(), probes.masks)
    )


def test_a_teacher_that_was_not_asked_teaches_nothing(samples):
    places = torch.arange(len(samples))
    batch = samples.batch(places, 0)
    with torch.no_grad():
        losses = losses_of(tiny_network(), batch)
    assert not batch.labelled.all()
    assert (losses.action[~batch.labelled] == 0).all()
    assert (losses.value[~batch.labelled] == 0).all()
    assert (losses.result[batch.weights == 0] == 0).all()
    assert (losses.action[batch.labelled] > 0).all()


@pytest.mark.parametrize("steps", [0, 12])
def test_the_graph_computes_what_the_network_does(steps):
    network = BoardNetwork(dataclasses.replace(TINY.network, territory_steps=steps))
    policy = BoardPolicy(network.eval())
    assert check_parity(policy, to_onnx(policy), positions=100).passed


def test_from_the_command_line_games_become_a_policy_that_plays(tmp_path):
    runner = CliRunner()

    def tell(*words: str) -> list[dict]:
        done = runner.invoke(commands, ["imitate", *words, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]

    games, out = tmp_path / "games.npz", tmp_path / "out"
    (told,) = tell("record", str(games), "--games", "2", "--nodes", "20", "--seed", "1")
    assert told["plies"] == len(LabelledGames.load(games).rows)
    size = ["--channels", "4,4,4", "--down", "1,0,0", "--up", "0,0", "--territory-steps", "4"]
    short = ["--steps", "3", "--batch-size", "16", "--device", "cpu", "--out", str(out)]
    begun, *reports, exported = tell("fit", str(games), *size, *short)
    assert (begun["games"], begun["held_games"], begun["device"]) == (1, 1, "cpu")
    assert reports[-1]["steps"] == 3
    assert exported["decision_changes"] == 0
    policy = out / "policy.onnx"
    assert exported["bytes"] == policy.stat().st_size
    tally = play_match(OnnxAgent(policy, "imitated"), make_agent("random"), 1, seed=1)
    assert sum(tally.pairs) == 1
    further = ["--init", str(out / "network.pt"), "--held", str(games), "--no-export"]
    begun, *reports = tell("fit", str(games), *further, *short)
    assert (begun["games"], begun["held_games"]) == (2, 2)
    first, second = load_network(out / "network.pt").history
    assert first.command.startswith(f"tron imitate fit {games} ")
    assert "--channels 4,4,4 " in first.command
    assert {*size, *short} <= set(first.command.split())
    assert f"--init {out / 'network.pt'} " in second.command
    assert "--no-export" in second.command.split()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "either --minutes or --steps"),
        (("--steps", "1", "--minutes", "1"), "either --minutes or --steps"),
        (("--steps", "1", "--channels", "a"), "numbers between commas"),
        (("--steps", "1", "--init", "GAMES", "--up", "1,1"), "leave out --up"),
    ],
)
def test_a_fit_that_contradicts_itself_is_refused(recorded, words, message):
    words = [str(recorded) if word == "GAMES" else word for word in words]
    done = CliRunner().invoke(commands, ["imitate", "fit", str(recorded), *words])
    assert done.exit_code == 2
    assert message in done.output


def test_games_that_are_there_are_not_overwritten(recorded):
    done = CliRunner().invoke(commands, ["imitate", "record", str(recorded)])
    assert done.exit_code == 2
    assert "--force" in done.output


def test_a_file_that_is_no_network_is_refused(recorded, tmp_path):
    for path in (recorded, tmp_path / "missing.pt"):
        with pytest.raises(NetworkFileError, match=path.name):
            load_network(path)
    torch.save({"weights": {}, "config": "{}", "history": "[]"}, tmp_path / "other.pt")
    with pytest.raises(NetworkFileError, match=r"other\.pt"):
        load_network(tmp_path / "other.pt")
    save_network(tiny_network(), [STAGE], tmp_path / "cut.pt")
    content = (tmp_path / "cut.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(content[: len(content) // 2])
    with pytest.raises(NetworkFileError, match=r"cut\.pt"):
        load_network(tmp_path / "cut.pt")


def test_nothing_can_be_held_out_of_a_single_game(games, tmp_path):
    with pytest.raises(TrainingConfigError, match="no games left"):
        fit(TINY, first_games(games, 1), tmp_path, reporter=Notes())


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (FitConfig, {}, "minutes or steps"),
        (FitConfig, {"steps": 1, "minutes": 1.0}, "minutes or steps"),
        (FitConfig, {"steps": 0}, "steps"),
        (FitConfig, {"minutes": 0.0}, "minutes"),
        (FitConfig, {"steps": 1, "learning_rate": 0.0}, "learning_rate"),
        (FitConfig, {"steps": 1, "seed": 2**32}, "seed"),
        (BoardConfig, {"channels": (1, 2)}, "channels"),
        (BoardConfig, {"channels": (0, 2, 3)}, "channels"),
        (BoardConfig, {"up": (1, 65)}, "up"),
        (BoardConfig, {"territory_steps": -1}, "territory_steps"),
    ],
)
def test_a_bad_setting_is_named(kind, fields, message):
    with pytest.raises(TrainingConfigError, match=message):
        kind(**fields)


def test_the_network_is_small_enough_for_the_arena(tmp_path: Path):
    path = tmp_path / "full.onnx"
    path.write_bytes(to_onnx(BoardPolicy(BoardNetwork(BoardConfig()).eval())))
    assert path.stat().st_size <= 16 * 2**20
