import json
import subprocess
from importlib.metadata import EntryPoint, EntryPoints

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from replays import export as module
from replays.cli import replay as command
from replays.document import from_document
from replays.errors import ReplayExportError, ReplayFormatError
from replays.export import NamedReplay, Options, export
from replays.fields import MAX_JSON_BYTES
from replays.format import decode, encode
from replays.frames import frame
from replays.playback import Playback
from tests.replays.games import play
from tests.replays.test_interop import SAMPLE
from tron_env.batch import BatchEngine
from tron_env.observation import OBSERVATION_VERSION
from tron_env.render import RIDERS
from tron_env.ruleset import RULES_VERSION, Ruleset
from tron_env.types import Outcome

SMALL = Ruleset(10, 12)
GAME = NamedReplay(play(SMALL, 4), ("Ada", "Bo"))
OTHER = NamedReplay(play(SMALL, 9), ("Cy", "Di"))


def page(replay, names):
    return f"{names[0]} against {names[1]}, {replay.plies} plies".encode()


def test_json(tmp_path):
    export(tmp_path / "game.json", [GAME])
    document = json.loads((tmp_path / "game.json").read_text())
    assert from_document(document) == (GAME.replay, GAME.names)


def test_json_lines_hold_a_game_each(tmp_path):
    told = []
    export(
        tmp_path / "games.jsonl",
        [GAME, OTHER],
        progress=lambda done, total: told.append((done, total)),
    )
    lines = (tmp_path / "games.jsonl").read_text().splitlines()
    assert [from_document(json.loads(line)) for line in lines] == [
        (GAME.replay, GAME.names),
        (OTHER.replay, OTHER.names),
    ]
    assert told == [(1, 2), (2, 2)]


def test_the_binary_form(tmp_path):
    export(tmp_path / "copy.trp", [GAME])
    assert decode((tmp_path / "copy.trp").read_bytes()) == GAME.replay


def seen(replay):
    """Every accepted decision of a game as (observation, mask, action, ply, seat)."""
    engine = BatchEngine(replay.ruleset, 1)
    engine.reset_to(0, replay.spawns)
    observation = np.zeros((1, 5, *engine.cells.shape[1:]), dtype=np.float32)
    for ply, actions in enumerate(replay.actions.copy()):
        for seat in (0, 1):
            if engine.masks[0, seat, actions[seat]]:
                engine.gather(np.array([0]), np.array([seat]), observation)
                yield observation[0].copy(), engine.masks[0, seat].copy(), actions[seat], ply, seat
        engine.step(actions[None])


def test_a_dataset_holds_what_every_rider_saw_and_did(tmp_path):
    export(tmp_path / "set.npz", [GAME, OTHER])
    data = np.load(tmp_path / "set.npz")
    expected = [
        (game, *row) for game, recorded in enumerate((GAME, OTHER)) for row in seen(recorded.replay)
    ]
    games, observations, masks, actions, plies, seats = zip(*expected, strict=True)
    assert data["observations"].dtype == np.uint8
    assert (data["observations"] == np.array(observations)).all()
    assert (data["masks"] == np.array(masks)).all()
    for name, column in (("games", games), ("actions", actions), ("plies", plies)):
        assert data[name].tolist() == list(column)
    assert data["seats"].tolist() == list(seats)
    versions = data["observation_version"], data["rules_version"]
    assert versions == (OBSERVATION_VERSION, RULES_VERSION)
    assert data["masks"][np.arange(len(actions)), data["actions"]].all()
    winners = [recorded.replay.outcome.winner for recorded in (GAME, OTHER)]
    assert data["results"].tolist() == [
        0 if winners[game] is None else 1 if winners[game] == seat else -1
        for game, seat in zip(games, seats, strict=True)
    ]


def test_a_dataset_of_winners(tmp_path):
    decided = next(
        game
        for game in (play(SMALL, seed) for seed in range(99))
        if game.outcome is Outcome.SECOND_WINS
    )
    export(tmp_path / "set.npz", [NamedReplay(decided, ("a", "b"))], Options(winners=True))
    data = np.load(tmp_path / "set.npz")
    assert set(data["seats"]) == {1}
    assert set(data["results"]) == {1}


def test_equal_games_give_equal_datasets(tmp_path):
    for name in ("a.npz", "b.npz"):
        export(tmp_path / name, [GAME])
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_dataset_has_boards_of_one_size(tmp_path):
    larger = NamedReplay(play(Ruleset(), 4), ("a", "b"))
    with pytest.raises(ReplayExportError, match="10x12, 32x32"):
        export(tmp_path / "set.npz", [GAME, larger])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ply", [None, 0, 2])
def test_a_picture_shows_one_board(tmp_path, ply):
    export(tmp_path / "board.png", [GAME], Options(ply=ply, cell_px=8))
    picture = np.array(Image.open(tmp_path / "board.png"))
    shown = GAME.replay.plies if ply is None else ply
    assert (picture == frame(Playback(GAME.replay), shown, 8)).all()


def test_a_picture_of_a_ply_past_the_end_is_refused(tmp_path):
    with pytest.raises(ReplayExportError, match="999 is past the end"):
        export(tmp_path / "board.png", [GAME], Options(ply=999))


def test_a_gif_plays_every_ply_and_rests_on_the_last(tmp_path):
    export(tmp_path / "film.gif", [GAME], Options(cell_px=8, speed=20))
    playback = Playback(GAME.replay)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == playback.plies + 1
        durations = []
        for ply in range(film.n_frames):
            film.seek(ply)
            durations.append(film.info["duration"])
            shown = np.array(film.convert("RGB"), dtype=int)
            assert np.abs(shown - frame(playback, ply, 8)).mean() < 4
        assert durations == [50] * playback.plies + [1500]
        film.seek(0)
        board = np.array(film.convert("RGB"), dtype=int)
    for seat, cell in enumerate(playback.heads[0].tolist()):
        block = board[cell[0] * 8 : cell[0] * 8 + 8, cell[1] * 8 : cell[1] * 8 + 8]
        redder = block[..., 0].sum() > block[..., 2].sum()
        assert redder == (RIDERS[seat][0] > RIDERS[seat][2]), "heads keep their rider's colour"


def test_a_film(tmp_path):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    export(tmp_path / "film.mp4", [GAME], Options(cell_px=7, speed=10))
    convert = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error"]
    convert += ["-i", str(tmp_path / "film.mp4"), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(convert, capture_output=True, check=True).stdout
    # Cells of 7 pixels become 8, so that both sides are even.
    pictures = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 80, 96, 3).astype(int)
    assert len(pictures) == GAME.replay.plies + 1 + 15
    last = frame(Playback(GAME.replay), GAME.replay.plies, 8)
    assert np.abs(pictures[-1] - last).mean() < 12


def test_films_without_the_extra_say_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(ReplayExportError, match=r"tron-arena\[video\]"):
        export(tmp_path / "film.mp4", [GAME])
    assert list(tmp_path.iterdir()) == []


def test_other_packages_add_forms(tmp_path, monkeypatch):
    found = EntryPoints([EntryPoint("page", f"{__name__}:page", module.FORM_GROUP)])
    monkeypatch.setattr(module, "entry_points", lambda group: found.select(group=group))
    export(tmp_path / "game.page", [GAME])
    expected = f"Ada against Bo, {GAME.replay.plies} plies"
    assert (tmp_path / "game.page").read_text() == expected
    with pytest.raises(ReplayExportError, match=r"no form is called \.xyz; known are .*\.page"):
        export(tmp_path / "game.xyz", [GAME])


@pytest.mark.parametrize("name", ["a.json", "a.gif", "a.png", "a.trp", "a.mp4"])
def test_forms_of_one_game_refuse_several(tmp_path, name):
    with pytest.raises(ReplayExportError, match="holds one game, 2 are given"):
        export(tmp_path / name, [GAME, OTHER])


def tron_replay(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_export_command(tmp_path):
    (tmp_path / "game.trp").write_bytes(encode(GAME.replay))
    out = tmp_path / "out.json"
    result = tron_replay(
        "export", tmp_path / "game.trp", "-o", out, "--names", "Ada", "Bo", "--json"
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "file": str(out),
        "games": 1,
        "bytes": out.stat().st_size,
    }
    assert json.loads(out.read_text())["names"] == ["Ada", "Bo"]


def test_the_import_command_writes_a_replay_for_each_game(tmp_path):
    (tmp_path / "duel.json").write_bytes(SAMPLE)
    result = tron_replay("import", tmp_path / "duel.json", "-o", tmp_path / "games")
    assert result.exit_code == 0, result.output
    assert "apex1.pt against apex0.pt, 29 plies: draw: both meet head-on" in result.output
    files = sorted((tmp_path / "games").iterdir())
    assert [path.name for path in files] == ["duel-0.trp", "duel-1.trp", "duel-2.trp"]
    assert [decode(path.read_bytes()).plies for path in files] == [29] * 3


def test_the_import_command_reads_json_lines(tmp_path):
    export(tmp_path / "games.jsonl", [GAME, OTHER])
    result = tron_replay("import", tmp_path / "games.jsonl", "-o", tmp_path, "--json")
    assert [game["names"] for game in json.loads(result.stdout)] == [["Ada", "Bo"], ["Cy", "Di"]]
    assert decode((tmp_path / "games-1.trp").read_bytes()) == OTHER.replay


def test_games_beyond_what_is_read_are_refused_rather_than_lost(tmp_path):
    """A cut between two lines would leave a file that reads well."""
    export(tmp_path / "games.jsonl", [GAME, OTHER])
    first, second = (tmp_path / "games.jsonl").read_bytes().splitlines()
    (tmp_path / "games.jsonl").write_bytes(first.ljust(MAX_JSON_BYTES) + b"\n" + second)
    result = tron_replay("import", tmp_path / "games.jsonl", "-o", tmp_path)
    assert isinstance(result.exception, ReplayFormatError)
    assert not list(tmp_path.glob("*.trp"))
