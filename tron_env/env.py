"""The Gymnasium face: one seat learns, the other is ridden by an agent."""

from operator import index
from typing import Any, Literal, SupportsFloat, SupportsIndex

import gymnasium
import numpy as np
from gymnasium import spaces

from tron_env.agent import Agent, make_agent
from tron_env.batch import BatchEngine
from tron_env.errors import InvalidActionError, RulesetError
from tron_env.render import render_ansi, render_rgb
from tron_env.ruleset import Ruleset, ruleset_named
from tron_env.types import (
    ACTIONS,
    PLANES,
    SEATS,
    Cell,
    CellKind,
    DeathCause,
    Float32Array,
    Outcome,
    Seat,
    UInt8Array,
)


class TronEnv(gymnasium.Env[Float32Array, np.int64]):
    """Two light cycles on one board; whoever rides into a wall or a trail dies.

    ## Actions
    ``Discrete(4)``, absolute directions: 0 up (row - 1), 1 right (column + 1), 2 down, 3 left.
    Asking for the reverse of the present heading keeps the heading. ``info["action_mask"]`` marks
    the accepted actions: not the reverse, and into a free cell. It describes and does not
    restrict: any other action is played as well, and kills unless it is the reverse.

    ## Observations
    ``Box(0, 1, (5, height, width), float32)``, every value 0.0 or 1.0:

    | plane | holds |
    |---|---|
    | 0 | walls |
    | 1 | own trail, own head's cell included |
    | 2 | the other's trail, its head's cell included |
    | 3 | own head |
    | 4 | the other's head |

    Directions are absolute: the board is never turned to suit a seat. A dead rider keeps its trail
    and has no head.

    ## Start
    Ruleset ``arena``: 32 x 32 cells with the wall, one rider at random with a random heading and
    two free cells ahead, the other its image under half a turn, at least 6 cells away. Ruleset
    ``apex``: opposite corners. The start follows from the seed of ``reset``.

    ## Rewards
    +1 for a won game, -1 for a lost one, 0 for a draw and on every other step.

    ## Ending
    Terminated when a rider dies; both may die on the same ply, which is a draw. Truncated when
    both live at the ruleset's ply limit, also a draw. A step after the end changes nothing.

    ## Info
    ``action_mask`` int8 ``(4,)``, all 0 once the game is over for this seat (fit for
    ``action_space.sample(mask)``); ``cause``, why this seat died, a ``DeathCause``; ``winner``, a
    ``Seat`` or None; ``seat``, the one that learns.

    ## Versions
    * v0: first.

    Args:
        opponent: an agent's SPEC or an ``Agent``.
        seat: the learner's, 0, 1, or "random" for a new draw at each reset.
        ruleset: a preset's name or a ``Ruleset``.
        render_mode: "ansi", "rgb_array" or None.

    Raises:
        AgentSpecError: ``opponent`` names no installed agent.
        RulesetError: ``seat`` or ``ruleset`` is not one of those allowed.
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 10}

    def __init__(
        self,
        opponent: str | Agent = "random",
        seat: int | Literal["random"] = "random",
        ruleset: str | Ruleset = "arena",
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            known = ", ".join(self.metadata["render_modes"])
            raise gymnasium.error.UnsupportedMode(
                f"render_mode is {render_mode!r}; allowed are {known}"
            )
        if seat not in (0, 1, "random"):
            raise RulesetError(f"seat is {seat!r}; allowed are 0, 1 and 'random'")
        self.render_mode = render_mode
        self.ruleset = ruleset_named(ruleset) if isinstance(ruleset, str) else ruleset
        self.opponent = make_agent(opponent) if isinstance(opponent, str) else opponent
        shape = (PLANES, self.ruleset.height, self.ruleset.width)
        self.action_space = spaces.Discrete(ACTIONS)
        self.observation_space = spaces.Box(0.0, 1.0, shape, np.float32)
        self._fixed_seat = None if seat == "random" else Seat(int(seat))
        self._seat: Seat | None = None
        self._engine = BatchEngine(self.ruleset, 1)
        self._game = np.zeros(1, dtype=np.intp)
        self._other = np.zeros(1, dtype=np.intp)
        self._actions = np.zeros((1, SEATS), dtype=np.uint8)
        self._trails: tuple[list[Cell], list[Cell]] = ([], [])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32Array, dict[str, Any]]:
        """Start a game; ``seed`` names this start and those of the resets that follow.

        ``options`` are not used.
        """
        super().reset(seed=seed, options=options)
        start = self.np_random.integers(2**64, dtype=np.uint64)
        self._seat = (
            Seat(int(self.np_random.integers(SEATS)))
            if self._fixed_seat is None
            else self._fixed_seat
        )
        self._other[0] = self._seat.other
        self._engine.reset(self._game, np.array([start]))
        self._trails = ([], [])
        self._note_heads()
        return self._observation(self._seat), self._info(self._seat, Outcome.ONGOING)

    def step(
        self, action: SupportsIndex
    ) -> tuple[Float32Array, SupportsFloat, bool, bool, dict[str, Any]]:
        """Play one ply against the opponent, which moves at the same time.

        Raises:
            InvalidActionError: ``action`` is not an integer from 0 to 3.
            gymnasium.error.ResetNeeded: there is no game yet.
        """
        engine, seat = self._engine, self._seat
        if seat is None:
            raise gymnasium.error.ResetNeeded("call reset before step")
        self._actions[0, seat] = _checked(action)
        decides = engine.outcomes[0] == Outcome.ONGOING
        if decides:
            chosen = self.opponent.act(engine, self._game, self._other)
            self._actions[0, seat.other] = chosen[0]
        engine.step(self._actions)
        outcome = Outcome(engine.outcomes[0])
        self._note_heads()
        winner = outcome.winner
        reward = 0.0
        if decides and winner is not None:
            reward = 1.0 if winner is seat else -1.0
        truncated = outcome is Outcome.TRUNCATED
        terminated = outcome is not Outcome.ONGOING and not truncated
        return self._observation(seat), reward, terminated, truncated, self._info(seat, outcome)

    def render(self) -> str | UInt8Array | None:
        """Return the board as text ("ansi") or as uint8 ``(rows, cols, 3)`` ("rgb_array")."""
        if self.render_mode is None:
            gymnasium.logger.warn("render was called without a render_mode; name one in make()")
            return None
        if self._seat is None:
            raise gymnasium.error.ResetNeeded("call reset before render")
        state = self._engine.state(0)
        if self.render_mode == "ansi":
            return render_ansi(state)
        return render_rgb(state, trails=self._trails)

    def _note_heads(self) -> None:
        """Keep the order in which cells were ridden, which only pictures need."""
        if self.render_mode != "rgb_array":
            return
        state = self._engine.state(0)
        for seat in Seat:
            trail, head = self._trails[seat], state.heads[seat]
            if not trail:
                trail.extend(
                    Cell(*map(int, cell))
                    for cell in np.argwhere(state.cells == CellKind.TRAIL_0 + seat)
                )
                trail.sort(key=head.__eq__)
            elif trail[-1] != head:
                trail.append(head)

    def _observation(self, seat: Seat) -> Float32Array:
        observation: Float32Array = self._engine.planes[0, seat].astype(np.float32)
        return observation

    def _info(self, seat: Seat, outcome: Outcome) -> dict[str, Any]:
        return {
            "action_mask": self._engine.masks[0, seat].astype(np.int8),
            "cause": DeathCause(self._engine.causes[0, seat]),
            "winner": outcome.winner,
            "seat": seat,
        }


def _checked(action: SupportsIndex) -> int:
    try:
        number = index(action)
    except TypeError:
        number = -1
    if not 0 <= number < ACTIONS:
        raise InvalidActionError(f"action is {action!r}; allowed are 0 to 3")
    return number
