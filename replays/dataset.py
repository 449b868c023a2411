"""Replays as training data: every decision with what its rider saw, as one NPZ file.

Arrays over all decisions, in the order of games, plies and seats:

``observations`` uint8 ``(n, 5, height, width)``, the planes of the policy contract; ``masks`` bool
``(n, 4)``, accepted actions; ``actions`` uint8 ``(n,)``; ``results`` int8 ``(n,)``, 1 where the
rider went on to win its game, -1 where it lost, else 0; ``games`` int32, ``plies`` int32 (of the
position, from 0) and ``seats`` uint8, each ``(n,)``. ``observation_version`` and
``rules_version``, single numbers, name the encoder and the rules that gave them.

Left out are decisions that were none: no accepted action was left, or a person played one that is
not accepted, for which a masked policy has no probability.
"""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Final, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from replays.errors import ReplayExportError
from replays.format import Replay
from tron_env.batch import BatchEngine
from tron_env.observation import OBSERVATION_VERSION
from tron_env.ruleset import RULES_VERSION
from tron_env.types import PLANES, BoolArray, Int32Array, Outcome, Seat, UInt8Array

Int8Array: TypeAlias = NDArray[np.int8]

FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""Stands in the archive for the time of writing, so that equal games give equal bytes."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of one game; see the module for the arrays."""

    observations: UInt8Array
    masks: BoolArray
    actions: UInt8Array
    results: Int8Array
    plies: Int32Array
    seats: UInt8Array

    def __len__(self) -> int:
        return len(self.actions)


def decisions(replay: Replay, seats: Sequence[Seat] = tuple(Seat)) -> Decisions:
    """Play ``replay`` again and return what the riders on ``seats`` saw and did."""
    engine = BatchEngine(replay.ruleset, 1)
    engine.reset_to(0, replay.spawns)
    observations, masks, rows = [], [], []
    actions = replay.actions.copy()
    for ply in range(replay.plies):
        for seat in seats:
            action = actions[ply, seat]
            if engine.outcomes[0] == Outcome.ONGOING and engine.masks[0, seat, action]:
                observations.append(engine.planes[0, seat].copy())
                masks.append(engine.masks[0, seat].copy())
                rows.append((action, _result(replay, seat), ply, seat))
        engine.step(actions[ply : ply + 1])
    shape = engine.planes.shape[2:]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Decisions(
        observations=np.array(observations, dtype=np.uint8).reshape(-1, *shape),
        masks=np.array(masks, dtype=np.bool_).reshape(-1, 4),
        actions=table[:, 0].astype(np.uint8),
        results=table[:, 1].astype(np.int8),
        plies=table[:, 2].astype(np.int32),
        seats=table[:, 3].astype(np.uint8),
    )


def write_dataset(
    file: IO[bytes],
    replays: Sequence[Replay],
    *,
    winners: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> int:
    """Write the decisions of ``replays``, with the boards of one game at a time in memory.

    Args:
        file: seekable, binary.
        replays: at least one, all on boards of one size.
        winners: take only the decisions of riders that won.
        progress: told after each game how many are done.

    Returns:
        how many decisions were written.

    Raises:
        ReplayExportError: the boards differ in size.
    """
    boards = {(replay.ruleset.height, replay.ruleset.width) for replay in replays}
    if len(boards) > 1:
        sizes = ", ".join(f"{height}x{width}" for height, width in sorted(boards))
        raise ReplayExportError(f"one dataset holds boards of one size; given are {sizes}")
    # The number of rows stands before them in the file, so that games are played twice.
    counts = [len(decisions(replay, _chosen(replay, winners))) for replay in replays]
    columns: dict[str, list[NDArray[np.generic]]] = {}
    with zipfile.ZipFile(file, "w") as archive:
        with archive.open(_entry("observations"), "w", force_zip64=True) as out:
            header = {"descr": "|u1", "fortran_order": False}
            npy.write_array_header_1_0(
                out, header | {"shape": (sum(counts), PLANES, *boards.pop())}
            )
            for done, replay in enumerate(replays, start=1):
                game = decisions(replay, _chosen(replay, winners))
                out.write(game.observations.tobytes())
                for name in ("masks", "actions", "results", "plies", "seats"):
                    columns.setdefault(name, []).append(getattr(game, name))
                progress(done)
        arrays = {name: np.concatenate(parts) for name, parts in columns.items()}
        arrays["games"] = np.repeat(np.arange(len(replays), dtype=np.int32), counts)
        arrays["observation_version"] = np.array(OBSERVATION_VERSION, dtype=np.int32)
        arrays["rules_version"] = np.array(RULES_VERSION, dtype=np.int32)
        for name, array in arrays.items():
            with archive.open(_entry(name), "w") as out:
                npy.write_array(out, array, allow_pickle=False)
    return sum(counts)


def _chosen(replay: Replay, winners: bool) -> tuple[Seat, ...]:
    if not winners:
        return tuple(Seat)
    winner = replay.outcome.winner
    return () if winner is None else (winner,)


def _result(replay: Replay, seat: Seat) -> int:
    winner = replay.outcome.winner
    return 0 if winner is None else 1 if winner is seat else -1


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{name}.npy", FIXED_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
