"""Drawing and keys, on SDL's driver for machines without a display."""

from dataclasses import replace

import numpy as np
import pygame
import pytest
from click.testing import CliRunner

from tests.boards import board
from tests.tron_env.test_sitting import COUNTDOWN_SECONDS, begun, sitting
from tron_env import cli_play, desktop
from tron_env.cli_play import play
from tron_env.desktop import press, ride, scene_of
from tron_env.render import RIDERS
from tron_env.sitting import Phase
from tron_env.types import Action, DeathCause, Outcome, Seat
from tron_env.window import HEADER_PX, Scene, Window, pixels

STATE = board("""
    ########
    #......#
    #aaa>..#
    #......#
    #..<bb.#
    ########
""")
TRAILS = ([(2, 1), (2, 2), (2, 3), (2, 4)], [(4, 5), (4, 4), (4, 3)])
SCENE = Scene(STATE, ("one", "two"), TRAILS)


@pytest.fixture(autouse=True)
def no_display(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield
    pygame.display.quit()


def middle(frame, cell, size):
    row, col = cell
    return frame[HEADER_PX + int((row + 0.5) * size), int((col + 0.5) * size)].astype(int)


def drawn(scene):
    frame = pixels(Window().draw(scene))
    return frame, frame.shape[1] // scene.state.cells.shape[1]


@pytest.mark.parametrize("trails", [TRAILS, None])
def test_trails_glow_in_their_riders_colours_and_free_cells_are_dark(trails):
    frame, size = drawn(replace(SCENE, trails=trails))
    for seat, cell in [(0, (2, 1)), (0, (2, 2)), (1, (4, 5))]:
        red, _, blue = shown = middle(frame, cell, size)
        assert (red > blue) == (RIDERS[seat][0] > RIDERS[seat][2])
        assert shown.max() > 120
    assert middle(frame, (1, 6), size).max() < 60


def test_heads_move_between_plies():
    before = ((2, 3), (4, 4))
    frames = [drawn(replace(SCENE, before=before, progress=share))[0] for share in (0.0, 0.5, 1.0)]
    size = frames[0].shape[1] // 8
    lit = [middle(frame, (2, 4), size).sum() for frame in frames]
    assert lit[0] < lit[2]
    np.testing.assert_array_equal(frames[2], drawn(SCENE)[0])
    assert (frames[1] != frames[0]).any()


def test_light_is_round_about_a_head_and_fades():
    frame, size = drawn(SCENE)
    row, col = STATE.heads[0]
    y, x = HEADER_PX + int((row + 0.5) * size), int((col + 0.5) * size)
    ahead = [int(frame[y, x + int(far * size)].sum()) for far in (0.7, 1.1, 2.4)]
    assert ahead[0] > ahead[1] > ahead[2]
    for far in (0.8, 1.1):
        above, below = frame[y - int(far * size), x], frame[y + int(far * size), x]
        assert abs(above.astype(int) - below).max() < 30


@pytest.mark.parametrize(
    "change",
    [
        {"names": ("someone", "two")},
        {"state": replace(STATE, ply=12)},
        {"title": "Paused"},
        {"footer": "won 3"},
        {"you": Seat.FIRST},
        {
            "state": replace(
                STATE,
                causes=(DeathCause.WALL, DeathCause.NONE),
                outcome=Outcome.SECOND_WINS,
            ),
            "seconds": 0.2,
        },
    ],
)
def test_everything_told_is_seen(change):
    assert (drawn(SCENE)[0] != drawn(replace(SCENE, **change))[0]).any()


def test_a_closed_window_stays_closed():
    window = Window()
    window.animate(SCENE, 0.01)
    assert pygame.display.get_surface() is not None
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert window.pressed() == []
    assert window.closed
    window.show(SCENE)
    assert pygame.display.get_surface() is None


def test_keys_steer_pause_change_speed_and_ask_for_a_rematch():
    game = begun()
    press(game, pygame.K_a)
    game.advance(0.11)
    assert game.state.headings[game.seat] is Action.LEFT
    press(game, pygame.K_UP)
    game.advance(0.11)
    assert game.state.headings[game.seat] is Action.UP
    press(game, pygame.K_PLUS)
    assert game.speed == 14
    press(game, pygame.K_MINUS)
    assert game.speed == 10
    press(game, pygame.K_SPACE)
    assert game.phase is Phase.PAUSED
    press(game, pygame.K_SPACE)
    game.advance(60)
    assert game.phase is Phase.OVER
    press(game, pygame.K_SPACE)
    assert game.phase is Phase.COUNTDOWN


def test_scenes_say_what_is_going_on():
    game = sitting()
    titles = []
    for _ in range(3):
        titles.append(scene_of(game).title)
        game.advance(COUNTDOWN_SECONDS / 3)
    assert titles == ["3", "2", "1"]
    game.advance(0.001)
    assert scene_of(game).title == ""
    assert scene_of(game).names == ("straight", "You")
    game.toggle_pause()
    assert scene_of(game).title == "Paused"
    game.toggle_pause()
    game.advance(60)
    assert scene_of(game).title == game.result[0]
    assert "rematch" in scene_of(game).footer
    game.rematch()
    game.countdown = 0.0
    assert scene_of(game).text == "straight is getting ready"


def test_a_sitting_ends_when_the_person_leaves(monkeypatch):
    frames = []
    show = Window.show

    def press_escape_later(window, scene):
        show(window, scene)
        frames.append(scene)
        if len(frames) == 3:
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_ESCAPE))

    monkeypatch.setattr(Window, "show", press_escape_later)
    ride(begun())
    assert len(frames) == 3
    assert pygame.display.get_surface() is None


@pytest.mark.parametrize(
    ("arguments", "name"), [([], "random"), (["--model", "wall-hugger"], "wall-hugger")]
)
def test_tron_play_rides_against_the_model_asked_for(monkeypatch, arguments, name, tmp_path):
    met = []
    monkeypatch.setenv("TRON_HOME", str(tmp_path))
    monkeypatch.setattr(cli_play, "DEFAULT_MODELS", ("nobody", "random"))
    monkeypatch.setattr(desktop, "ride", lambda game: met.append(game.opponent.name))
    done = CliRunner().invoke(play, arguments)
    assert done.exit_code == 0, done.output
    assert met == [name]
    assert "0 won, 0 drawn, 0 lost" in done.output


def test_tron_play_says_so_where_no_window_can_be_opened(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "none-such")
    pygame.display.quit()
    done = CliRunner().invoke(play, ["--model", "random"])
    assert done.exit_code == 1
    assert "a window cannot be opened here" in done.output
