"""Many games at once: preallocated arrays over the kernels."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from tron_env import memory, observation, restarting, starting, stepping
from tron_env.errors import InvalidActionError, RulesetError
from tron_env.kernel import write_mask
from tron_env.observation import Observations
from tron_env.ruleset import Ruleset, SpawnLayout, is_whole
from tron_env.spawn import check_spawns
from tron_env.types import (
    ACTIONS,
    SEATS,
    Action,
    Cell,
    CellKind,
    DeathCause,
    GameState,
    IntArray,
    Outcome,
    Plane,
    SeedArray,
    Spawn,
    UInt8Array,
)

MAX_THREADS: Final = 1024


class BatchEngine:
    """``n`` games of one ruleset, advanced together; all arrays are public and updated in place.

    Read the arrays freely, write to none of them. Before the first ``reset`` no game is playable.
    What happens in a game depends on its own seed and actions alone: not on ``n``, on its place in
    the batch, or on ``threads``.

    Attributes:
        seeds: uint64 ``(n,)``, what each game was started from.
        plies: int32 ``(n,)``.
        heads: int16 ``(n, 2, 2)``, (row, col).
        headings: uint8 ``(n, 2)``, ``Action``.
        causes: uint8 ``(n, 2)``, ``DeathCause``.
        outcomes: uint8 ``(n,)``, ``Outcome``.
        masks: bool ``(n, 2, 4)``, accepted actions.
        cells: uint8 ``(n, height, width)``, ``CellKind``.
        planes: uint8 ``(n, 2, 5, height, width)``, both seats' observations.
        where: what kernels take: the block of memory in which all arrays lie, ``n``, height and
            width; see ``tron_env.memory``.
    """

    def __init__(self, ruleset: Ruleset, n: int, *, threads: int = 1) -> None:
        """Prepare ``n`` games, stepped by ``threads`` threads (worth it from some thousand games).

        Raises:
            RulesetError: ``n`` or ``threads`` is below 1.
        """
        if not is_whole(n) or n < 1:
            raise RulesetError(f"n is {n!r}; a batch has at least 1 game, in whole numbers")
        if not is_whole(threads) or not 1 <= threads <= MAX_THREADS:
            raise RulesetError(f"threads is {threads!r}; allowed are 1 to {MAX_THREADS}")
        n, threads = int(n), int(threads)
        self.ruleset = ruleset
        self.n = n
        self.threads = threads
        height, width = ruleset.height, ruleset.width
        self._block = memory.new_block(n, height * width)
        (
            self.seeds,
            self.plies,
            self.heads,
            self.headings,
            self.causes,
            self.outcomes,
            self.masks,
            self.cells,
            self.planes,
        ) = memory.shaped(self._block, n, height, width)
        # Pages of this second block are only taken up as far as games end in one step.
        self._last_block = memory.new_block(n, height * width)
        self._last = memory.shaped(self._last_block, n, height, width)
        self._unseen = 0
        self.outcomes[:] = Outcome.DRAW
        walls = np.ones((height, width), dtype=np.uint8)
        walls[1:-1, 1:-1] = 0
        self.cells[:] = walls * np.uint8(CellKind.WALL)
        self.planes[:, :, Plane.WALLS] = walls
        self._mirrored = ruleset.spawn is SpawnLayout.MIRRORED
        self._all: IntArray = np.arange(n, dtype=np.intp)
        self._ended: IntArray = np.zeros(n + 1, dtype=np.intp)
        self.where = (self._block, n, height, width)

    def reset(self, games: IntArray | Sequence[int], seeds: SeedArray | Sequence[int]) -> None:
        """Start ``games`` afresh, each from the start that its seed names.

        Args:
            games: ``(k,)`` indices.
            seeds: ``(k,)``, 0 to 2**64 - 1.

        Raises:
            RulesetError: an index or a seed is out of range, or there is not one seed a game.
        """
        index = self._games(games)
        seed_array = self._seeds(seeds)
        if seed_array.shape != index.shape:
            raise RulesetError(f"{index.shape[0]} games but seeds of shape {seed_array.shape}")
        starting.reset_games(*self.where, self._mirrored, index, seed_array)

    def reset_to(self, game: int, spawns: tuple[Spawn, Spawn], *, seed: int = 0) -> None:
        """Start one game from explicit spawns, laid out as the ruleset's layout would.

        ``seed`` names only what the game draws later: random actions, and games after it.

        Raises:
            RulesetError: see ``check_spawns``, or ``game`` or ``seed`` is out of range.
        """
        check_spawns(self.ruleset, spawns)
        index = self._games([game])
        self.seeds[index] = self._seeds([seed])
        numbers = tuple(int(number) for spawn in spawns for number in spawn)
        starting.reset_to_spawns(*self.where, self._mirrored, int(index[0]), numbers)

    def reset_to_state(self, game: int, state: GameState, *, seed: int = 0) -> None:
        """Start one game from any position in which both riders live.

        Args:
            game: index.
            state: the position; it is copied.
            seed: as in ``reset_to``.

        Raises:
            RulesetError: the position does not fit the ruleset; the message says where.
        """
        index = self._games([game])
        check_position(self.ruleset, state)
        self.seeds[index] = self._seeds([seed])
        self.cells[game] = state.cells
        self.heads[game] = state.heads
        self.headings[game] = state.headings
        self.causes[game] = DeathCause.NONE
        self.plies[game] = state.ply
        self.outcomes[game] = Outcome.ONGOING
        observation.encode_state(game, self.cells, self.heads, self.causes, self.planes)
        for seat in range(SEATS):
            write_mask(game, seat, self.cells, self.heads, self.headings, self.causes, self.masks)

    def step(self, actions: UInt8Array) -> None:
        """Advance every unfinished game by one ply.

        Args:
            actions: integers ``(n, 2)``, one raw action a seat; those of finished games are
                not played but must still be 0 to 3.

        Raises:
            InvalidActionError: the shape is wrong or an action is not 0 to 3.
        """
        self._play(self._all, actions)

    def step_restarting(self, actions: UInt8Array) -> IntArray:
        """Advance every game by one ply, then start the next game where one is finished.

        The seed of the next game follows from that of the game before. Finished games are copied
        to ``last`` first; one that was finished before this call is not played but counts too.

        Args:
            actions: as in ``step``.

        Returns:
            ``(k,)`` the games that ended, in order; row k of ``last`` is the k-th of them. The
            array is overwritten by the next call.

        Raises:
            InvalidActionError: the shape is wrong or an action is not 0 to 3.
        """
        checked = self._actions(actions, self.n)
        arguments = (
            *self.where,
            self.ruleset.max_plies,
            self._mirrored,
            checked,
            self._last_block,
            self._ended,
            self._all,
        )
        if self.threads == 1:
            count = restarting.step_restarting(*arguments)
        else:
            count = restarting.step_restarting_threaded(*arguments, self.threads)
        if count < 0:
            raise self._out_of_range(checked)
        self._unseen = count
        ended: IntArray = self._ended[:count]
        return ended

    @property
    def last(self) -> memory.Views:
        """The same arrays of the games that the last ``step_restarting`` ended.

        Row k is the k-th of them, as it ended. Their planes are made when they are asked for, as
        they cost more than all the plies of a quarter of a game.
        """
        if self._unseen:
            _, n, height, width = self.where
            restarting.encode_games(self._last_block, n, height, width, self._unseen)
            self._unseen = 0
        return self._last

    def play_random(self, plies: int) -> int:
        """Play ``plies`` plies of every game with accepted actions drawn from its seed.

        A finished game is followed by its next one at once; ``last`` is not touched.

        Returns:
            How many games ended.

        Raises:
            RulesetError: ``plies`` is not a whole number from 0 up.
        """
        if not is_whole(plies) or plies < 0:
            raise RulesetError(f"plies is {plies!r}; allowed are whole numbers from 0 up")
        arguments = (*self.where, self.ruleset.max_plies, self._mirrored)
        if self.threads == 1:
            return int(restarting.play_random(*arguments, 0, self.n, plies))
        return int(restarting.play_random_threaded(*arguments, plies, self.threads))

    def step_games(self, games: IntArray | Sequence[int], actions: UInt8Array) -> None:
        """Advance only ``games`` by one ply; finished ones among them are left alone.

        Args:
            games: ``(k,)`` indices, each at most once.
            actions: integers ``(k, 2)``, one raw action a seat, same order.

        Raises:
            InvalidActionError: the shape is wrong or an action is not 0 to 3.
            RulesetError: an index is out of range.
        """
        self._play(self._games(games), actions)

    def gather(self, games: IntArray, seats: IntArray, out_observations: Observations) -> None:
        """Write the observations of chosen riders into a ``(>= k, 5, height, width)`` tensor.

        Args:
            games: ``(k,)`` indices.
            seats: ``(k,)``, 0 or 1, same order.
            out_observations: float32 or uint8; its first k rows are overwritten.

        Raises:
            RulesetError: an index is out of range, or the shapes do not fit together.
        """
        index = self._games(games)
        chosen = np.asarray(seats, dtype=np.intp)
        if chosen.shape != index.shape or (
            chosen.size and not 0 <= chosen.min() <= chosen.max() < SEATS
        ):
            raise RulesetError(
                f"seats must be {index.shape[0]} numbers, each 0 or 1, got {seats!r}"
            )
        shape = self.planes.shape[2:]
        if (
            out_observations.dtype not in (np.float32, np.uint8)
            or out_observations.shape[1:] != shape
            or out_observations.shape[0] < index.shape[0]
            or not out_observations.flags.carray
        ):
            raise RulesetError(
                f"out_observations is {out_observations.dtype} {out_observations.shape}; expected "
                f"float32 or uint8 (>= {index.shape[0]}, {', '.join(map(str, shape))}), contiguous"
            )
        observation.gather(self.planes, index, chosen, out_observations)

    def state(self, game: int) -> GameState:
        """Return a copy of one game, which may be counted from the end as well."""
        return GameState(
            cells=self.cells[game].copy(),
            heads=(Cell(*map(int, self.heads[game, 0])), Cell(*map(int, self.heads[game, 1]))),
            headings=(Action(self.headings[game, 0]), Action(self.headings[game, 1])),
            causes=(DeathCause(self.causes[game, 0]), DeathCause(self.causes[game, 1])),
            ply=int(self.plies[game]),
            outcome=Outcome(self.outcomes[game]),
        )

    def _play(self, games: IntArray, actions: UInt8Array) -> None:
        checked = self._actions(actions, games.shape[0])
        arguments = (*self.where, self.ruleset.max_plies, games, checked)
        if self.threads == 1:
            played = stepping.step_games(*arguments)
        else:
            played = stepping.step_games_threaded(*arguments, self.threads)
        if not played:
            raise self._out_of_range(checked)

    def _actions(self, actions: UInt8Array, k: int) -> UInt8Array:
        """Return ``actions`` in the one layout that kernels are compiled for."""
        given = np.asarray(actions)
        if given.shape != (k, SEATS) or given.dtype.kind not in "iu":
            raise InvalidActionError(
                f"actions are {given.dtype} {given.shape}; expected integers ({k}, {SEATS})"
            )
        if given.dtype != np.uint8:
            # Larger types are checked here, as 256 would become 0; kernels check uint8 themselves.
            if given.size and (given.min() < 0 or given.max() >= ACTIONS):
                raise self._out_of_range(given)
            return given.astype(np.uint8)
        return given if given.flags.carray else given.copy()

    @staticmethod
    def _out_of_range(actions: UInt8Array) -> InvalidActionError:
        return InvalidActionError(
            f"actions range from {actions.min()} to {actions.max()}; allowed are 0 to 3"
        )

    def _games(self, games: IntArray | Sequence[int]) -> IntArray:
        given = np.asarray(games)
        if given.size == 0:
            return np.zeros(0, dtype=np.intp)
        if given.ndim != 1 or given.dtype.kind not in "iu" or not self._in_range(given):
            raise RulesetError(f"games must be indices from 0 to {self.n - 1}, got {games!r}")
        return np.require(given, np.intp, ["C", "W"])

    def _in_range(self, index: IntArray) -> bool:
        return bool(index.min() >= 0 and index.max() < self.n)

    @staticmethod
    def _seeds(seeds: SeedArray | Sequence[int]) -> SeedArray:
        if isinstance(seeds, np.ndarray) and seeds.dtype == np.uint64:
            return np.require(seeds, requirements=["C", "W"])
        for seed in seeds:
            if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
                raise RulesetError(f"seed is {seed!r}; allowed are whole numbers 0 to 2**64 - 1")
        return np.array([int(seed) for seed in seeds], dtype=np.uint64)


def check_position(ruleset: Ruleset, state: GameState) -> None:
    """Check that ``state`` can be played on under ``ruleset``.

    Raises:
        RulesetError: it cannot; the message names the field and what is allowed.
    """
    cells = state.cells
    if cells.shape != (ruleset.height, ruleset.width) or cells.dtype != np.uint8:
        raise RulesetError(
            f"cells are {cells.dtype} {cells.shape}; expected uint8 "
            f"({ruleset.height}, {ruleset.width})"
        )
    border = np.ones(cells.shape, dtype=np.bool_)
    border[1:-1, 1:-1] = False
    if cells.max() > CellKind.TRAIL_1 or ((cells == CellKind.WALL) != border).any():
        raise RulesetError("cells must be wall on the border and 0, 2 or 3 inside it")
    for seat, (row, col) in enumerate(state.heads):
        if not ruleset.inside(row, col) or cells[row, col] != CellKind.TRAIL_0 + seat:
            raise RulesetError(f"the head of seat {seat} at ({row}, {col}) is not on its own trail")
    if not all(heading in range(ACTIONS) for heading in state.headings):
        raise RulesetError(f"headings are {state.headings}; allowed are 0 to 3")
    if any(state.causes) or state.outcome != Outcome.ONGOING:
        raise RulesetError("the game is over; only a position with both riders alive is playable")
    if not 0 <= state.ply < ruleset.max_plies:
        raise RulesetError(f"ply is {state.ply}; allowed are 0 to {ruleset.max_plies - 1}")
