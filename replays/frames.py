"""A replay as pictures, in the colours of the site."""

from collections.abc import Iterator

from replays.playback import Playback
from replays.view import lead_ins
from tron_env.render import render_rgb
from tron_env.types import DeathCause, GameState, Seat, UInt8Array


def frame(playback: Playback, ply: int, cell_px: int) -> UInt8Array:
    """Return the board at one ply as uint8 ``(height * cell_px, width * cell_px, 3)``.

    Raises:
        IndexError: there is no such ply.
    """
    state = playback.state(ply)
    first, second = (_trail(playback, state, ply, seat) for seat in Seat)
    return render_rgb(state, cell_px, trails=(first, second))


def frames(playback: Playback, cell_px: int) -> Iterator[UInt8Array]:
    """Yield the board at every ply, the start first."""
    for ply in range(playback.plies + 1):
        yield frame(playback, ply, cell_px)


def _trail(playback: Playback, state: GameState, ply: int, seat: Seat) -> list[tuple[int, int]]:
    """Return a rider's cells in the order ridden, that behind its spawn first where it is trail."""
    behind = lead_ins(playback.replay)[seat]
    # A rider that died on this very ply has not moved: its last cell would come twice.
    last = ply + (state.causes[seat] is DeathCause.NONE or ply == 0)
    ridden = [(row, col) for row, col in playback.heads[:last, seat].tolist()]
    return ridden if behind is None else [(behind[0], behind[1]), *ridden]
