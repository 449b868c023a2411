"""Riding on from a stored replay: what is needed to open such a game."""

from typing import Protocol

from replays.format import PERSON, Replay, TakeOver, decode
from web.errors import Refusal, RefusedError
from web.messages import TakeOverWish
from web.tickets import Opponent, may_go_on
from web.waiting import Taken


class Stored(Protocol):
    """The part of ``arena.storage.Storage`` that is needed."""

    def replay(self, game_id: int) -> bytes | None:
        """Return the encoded replay of a game, or None."""


class Crowned(Protocol):
    """The part of ``web.opponents.Opponents`` that is needed."""

    def crowned(self, prefix: bytes) -> Opponent | None:
        """Return the opponent whose model's hash begins so, if it may be played."""

    def light_champion(self) -> Opponent:
        """Return who takes the seat of a rider that may not be played."""


class TakeOvers:
    """Finds what people want to ride on from."""

    def __init__(self, storage: Stored, opponents: Crowned) -> None:
        self._storage = storage
        self._opponents = opponents

    def taken(self, wish: TakeOverWish) -> Taken:
        """Return where a game begins that rides on from a replay.

        Raises:
            RefusedError: UNKNOWN_REPLAY: there is none, it is over by that ply, or it is of another
                game than is played live.
        """
        encoded = self._storage.replay(wish.replay)
        if encoded is None:
            raise RefusedError(Refusal.UNKNOWN_REPLAY, "no_replay", replay=wish.replay)
        replay = decode(encoded)
        seed = _checked_seed(replay, wish.ply)
        other = replay.models[wish.seat.other]
        opponent = None if other == PERSON else self._opponents.crowned(other)
        return Taken(
            seed=seed,
            seat=wish.seat,
            prefix=replay.actions[: wish.ply].tobytes(),
            takeover=TakeOver.of(encoded, wish.ply, wish.seat),
            source_id=wish.replay,
            opponent=opponent or self._opponents.light_champion(),
            stands_in=opponent is None,
        )


def _checked_seed(replay: Replay, ply: int) -> int:
    if replay.seed is None or not may_go_on(replay):
        raise RefusedError(Refusal.UNKNOWN_REPLAY, "other_rules")
    if ply >= replay.plies:
        raise RefusedError(Refusal.UNKNOWN_REPLAY, "over_by_then")
    return replay.seed
