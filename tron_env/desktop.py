"""Keys in, pictures out: a ``Sitting`` in a ``Window``."""

from typing import Final

import pygame

from tron_env.sitting import COUNTDOWN_SECONDS, Phase, Sitting
from tron_env.types import Action, Seat
from tron_env.window import FRAMES_PER_SECOND, Scene, Window

STEERING: Final = {
    pygame.K_UP: Action.UP,
    pygame.K_w: Action.UP,
    pygame.K_RIGHT: Action.RIGHT,
    pygame.K_d: Action.RIGHT,
    pygame.K_DOWN: Action.DOWN,
    pygame.K_s: Action.DOWN,
    pygame.K_LEFT: Action.LEFT,
    pygame.K_a: Action.LEFT,
}
LEAVING: Final = (pygame.K_ESCAPE, pygame.K_q)
REMATCH: Final = (pygame.K_SPACE, pygame.K_RETURN, pygame.K_r)
PAUSE: Final = (pygame.K_SPACE, pygame.K_p)
FASTER: Final = (pygame.K_PLUS, pygame.K_EQUALS, pygame.K_KP_PLUS)
SLOWER: Final = (pygame.K_MINUS, pygame.K_KP_MINUS)

WAITING_FPS: Final = 5


def ride(sitting: Sitting) -> None:
    """Show ``sitting`` and pass it keys until the person leaves.

    Raises:
        pygame.error: there is no display.
        TronArenaError: the opponent failed.
    """
    window = Window(f"tron: you against {sitting.opponent.name}")
    clock = pygame.time.Clock()
    try:
        while not window.closed:
            window.show(scene_of(sitting))
            for key in window.pressed():
                if key in LEAVING:
                    return
                press(sitting, key)
            # Pictures of a board that stands still would only keep the opponent waiting.
            frames = WAITING_FPS if sitting.is_waiting else FRAMES_PER_SECOND
            sitting.advance(clock.tick(frames) / 1000)
    finally:
        window.close()


def press(sitting: Sitting, key: int) -> None:
    """Do what a key asks for."""
    if key in STEERING:
        sitting.steer(STEERING[key])
    elif key in FASTER:
        sitting.change_speed(1)
    elif key in SLOWER:
        sitting.change_speed(-1)
    elif sitting.phase is Phase.OVER and key in REMATCH:
        sitting.rematch()
    elif key in PAUSE:
        sitting.toggle_pause()


def scene_of(sitting: Sitting) -> Scene:
    """Return what the window shows of ``sitting``."""
    you, other = "You", sitting.opponent.name
    title, text, seconds = "", "", 0.0
    hints = f"{sitting.speed} plies a second (+ -)     space pauses"
    if sitting.phase is Phase.COUNTDOWN:
        title = str(1 + int(sitting.countdown / COUNTDOWN_SECONDS * 2.999))
        text = "arrow keys or WASD steer"
        if sitting.is_waiting:
            title, text = "One moment", f"{other} is getting ready"
        seconds = COUNTDOWN_SECONDS - sitting.countdown
    elif sitting.phase is Phase.PAUSED:
        title, text = "Paused", "space goes on, Esc leaves"
    elif sitting.phase is Phase.OVER:
        seconds = sitting.since_over
        title, text = sitting.result
        hints = "space for a rematch     Esc leaves"
    won, drawn, lost = sitting.score
    return Scene(
        state=sitting.state,
        names=(you, other) if sitting.seat is Seat.FIRST else (other, you),
        trails=sitting.trails,
        before=sitting.before,
        progress=sitting.progress,
        title=title,
        text=text,
        footer=f"won {won}   drawn {drawn}   lost {lost}     {hints}",
        you=sitting.seat,
        seconds=seconds,
    )
