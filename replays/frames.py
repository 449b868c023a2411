"""A replay as pictures, in the colours of the site."""

from collections.abc import Iterator

from replays.playback import Playback
from tron_env.render import render_rgb
from tron_env.types import DeathCause, Seat, UInt8Array


def frame(playback: Playback, ply: int, cell_px: int) -> UInt8Array:
    """Return the board at one ply as uint8 ``(height * cell_px, width * cell_px, 3)``.

    Raises:
        IndexError: there is no such ply.
    """
    state = playback.state(ply)
    first, second = (
        # A rider that died on this very ply has not moved: its last cell would come twice.
        playback.heads[: ply + (state.causes[seat] is DeathCause.NONE or ply == 0), seat].tolist()
        for seat in Seat
    )
    return render_rgb(state, cell_px, trails=(first, second))


def frames(playback: Playback, cell_px: int) -> Iterator[UInt8Array]:
    """Yield the board at every ply, the start first."""
    for ply in range(playback.plies + 1):
        yield frame(playback, ply, cell_px)
