"""How an environment's ``reset`` is told where its games begin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, Final

from tron_env.batch import BatchEngine
from tron_env.errors import OptionError
from tron_env.options import is_seat
from tron_env.types import Action, GameState, Seat, Spawn

PLACES: Final = ("start", "spawns", "state")
KEYS: Final = (*PLACES, "seat")


@dataclass(frozen=True, slots=True)
class Start:
    """What ``reset(options=...)`` asked for; None where the game's own seed decides."""

    start: int | None = None
    """Names a start of the ruleset's layout, 0 to 2**64 - 1."""
    spawns: tuple[Spawn, Spawn] | None = None
    state: GameState | None = None
    seat: Seat | None = None
    """The learner's."""

    @property
    def is_placed(self) -> bool:
        """Whether the riders' place was asked for."""
        return not (self.start is None and self.spawns is None and self.state is None)

    def place(self, engine: BatchEngine, game: int, seed: int) -> None:
        """Start one game; ``seed`` is its own.

        Raises:
            RulesetError: the start does not fit the ruleset; the message names the field.
        """
        if self.state is not None:
            engine.reset_to_state(game, self.state, seed=seed)
        elif self.spawns is not None:
            engine.reset_to(game, self.spawns, seed=seed)
        else:
            engine.reset([game], [seed if self.start is None else self.start])


def read_options(options: Mapping[str, Any] | None, also: Sequence[str] = ()) -> Start:
    """Return what ``options`` ask for; what is read elsewhere may be there ``also``.

    Raises:
        OptionError: a key is unknown, two of them name a place, or the seat is neither 0 nor 1.
    """
    if options is None:
        return Start()
    if not isinstance(options, Mapping):
        raise OptionError(f"reset options are {options!r}; allowed is a dict")
    unknown = [key for key in options if key not in (*KEYS, *also)]
    if unknown:
        raise OptionError(f"reset option {unknown[0]!r} is unknown; allowed are {', '.join(KEYS)}")
    given = [key for key in PLACES if options.get(key) is not None]
    if len(given) > 1:
        raise OptionError(f"reset options {given[0]!r} and {given[1]!r} exclude each other")
    seat = options.get("seat")
    if seat is not None and not is_seat(seat):
        raise OptionError(f"reset option 'seat' is {seat!r}; allowed are 0 and 1")
    state = options.get("state")
    if state is not None and not isinstance(state, GameState):
        raise OptionError(f"reset option 'state' is {state!r:.80}; allowed is a GameState")
    return Start(
        options.get("start"),
        _spawns(options.get("spawns")),
        state,
        None if seat is None else Seat(seat),
    )


def _spawns(given: object) -> tuple[Spawn, Spawn] | None:
    if given is None:
        return None
    try:
        first, second = (
            Spawn(row, col, Action(heading))
            for row, col, heading in (map(index, spawn) for spawn in given)  # type: ignore[attr-defined]
        )
    except (TypeError, ValueError):
        raise OptionError(
            f"reset option 'spawns' is {given!r:.80}; allowed are two of (row, col, heading)"
        ) from None
    return first, second
