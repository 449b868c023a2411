"""The Gymnasium face: one seat learns, the other is ridden by an agent."""

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple, SupportsFloat, SupportsIndex

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy import empty

from tron_env.agent import Agent
from tron_env.batch import BatchEngine
from tron_env.opponents import OpponentMix, Opponents, draw_riders
from tron_env.options import (
    Dtype,
    Observation,
    OutsideMask,
    SeatChoice,
    checked_action,
    checked_dtype,
    checked_seat,
    chosen_rewards,
    chosen_ruleset,
    first_seed,
    is_replacing,
    next_seed,
    observation_space,
)
from tron_env.random_rider import RandomRider
from tron_env.render import render_ansi, render_rgb
from tron_env.rewards import Rewards
from tron_env.riding import DRAWN, ride
from tron_env.ruleset import Ruleset
from tron_env.starts import read_options
from tron_env.trails import TrailLog, Trails
from tron_env.types import (
    ACTIONS,
    PLANES,
    BoolArray,
    Cell,
    DeathCause,
    Float32Array,
    GameState,
    Outcome,
    Seat,
)

if TYPE_CHECKING:
    from tron_env.window import Window

INT8: Final = np.dtype(np.int8)


class Ending(NamedTuple):
    """What a ply has left behind, for one seat."""

    reward: float
    terminated: bool
    truncated: bool
    cause: DeathCause
    winner: Seat | None


class TronEnv(gymnasium.Env[Observation, np.int64]):
    """Two light cycles on one board; whoever rides into a wall or a trail dies.

    ## Actions
    ``Discrete(4)``, absolute directions: 0 up (row - 1), 1 right (column + 1), 2 down, 3 left.
    Asking for the reverse of the present heading keeps the heading. ``info["action_mask"]`` and
    ``action_masks()`` tell the accepted actions: not the reverse, and into a free cell. The mask
    describes and does not restrict: any other action is played as well, and kills unless it is the
    reverse. With ``outside_mask="replace"`` such an action is replaced while there is an accepted
    one: by going straight on, or where that is not accepted by the lowest that is.

    ## Observations
    ``Box(0, 1, (5, height, width))``, float32 or uint8, every value 0 or 1:

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
    ``apex``: opposite corners. A ``Ruleset`` may be 8 to 64 cells high and wide. Start, seat and
    opponent follow from the seed of ``reset``, those of later resets from the game before, so
    that ``TronVectorEnv`` with the same seed plays the same games. ``reset(options=...)`` may fix
    ``seat``, and the place by one of ``start`` (a 64-bit seed, see ``spawns_for``), ``spawns`` (two
    ``Spawn``) and ``state`` (a ``GameState`` in which both live).

    ## Rewards
    +1 for a won game, -1 for a lost one, 0 for a draw and on every other step. Other values, a
    bonus for each ply survived, and Apex's death-cause score: ``Rewards``.

    ## Ending
    Terminated when a rider dies; both may die on the same ply, which is a draw. Truncated when
    both live at the ruleset's ply limit, also a draw. A step after the end changes nothing.

    ## Info
    ``action_mask`` int8 ``(4,)``, all 0 once the game is over for this seat (fit for
    ``action_space.sample(mask)``); ``cause``, why this seat died, a ``DeathCause``; ``winner``, a
    ``Seat`` or None; ``seat``, the one that learns; ``opponent``, the name of the other.

    ## Rendering
    "human" is a window in which every ply takes a tenth of a second; "ansi" a string; "rgb_array"
    uint8 ``(16 height, 16 width, 3)``, drawn without a display; "rgb_array_list" all of these since
    the last ``render`` or ``reset``.

    ## Versions
    * v0: first.

    Attributes:
        engine: the game, as number 0 of a batch of one; read only.
        opponents: who may ride the other seat; ``opponents.change`` takes effect at a reset.

    Args:
        opponent: an agent's SPEC, an ``Agent``, a function ``(observations, masks) -> actions``
            with a leading batch axis, or several of these with weights, one drawn for each game.
        seat: the learner's, 0, 1, or "random" for a new draw at each reset.
        ruleset: a preset's name or a ``Ruleset``.
        rewards: "zero-sum" (above), "points" (1, 1/2, 0), "apex" or a ``Rewards``.
        outside_mask: whether an action outside the mask is played, "die", or "replace"d.
        dtype: of the observations, float32 or uint8.
        render_mode: one of ``metadata["render_modes"]`` or None.

    Raises:
        AgentSpecError: ``opponent`` names no installed agent.
        RulesetError: there is no such ruleset.
        OptionError: another argument is not one of those allowed.
    """

    metadata = {
        "render_modes": ["human", "rgb_array", "rgb_array_list", "ansi"],
        "render_fps": 10,
    }

    def __init__(
        self,
        opponent: Opponents = "random",
        seat: SeatChoice = "random",
        ruleset: str | Ruleset = "arena",
        rewards: str | Rewards = "zero-sum",
        outside_mask: OutsideMask = "die",
        dtype: Dtype = np.float32,
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            known = ", ".join(self.metadata["render_modes"])
            raise gymnasium.error.UnsupportedMode(
                f"render_mode is {render_mode!r}; allowed are {known}"
            )
        self.render_mode = render_mode
        self.ruleset = chosen_ruleset(ruleset)
        self.opponents = OpponentMix(opponent)
        self.observation_space = observation_space(self.ruleset, dtype)
        self.action_space = spaces.Discrete(ACTIONS)
        self.engine = BatchEngine(self.ruleset, 1)
        self._fixed_seat = checked_seat(seat)
        shape = self.ruleset.height, self.ruleset.width
        self._terms = np.array(
            [*shape, self.ruleset.max_plies, is_replacing(outside_mask), 0, 0], dtype=np.int64
        )
        self._memory = self.engine.where[0]
        self._endings_of = [endings(chosen_rewards(rewards), own) for own in Seat]
        self._endings = self._endings_of[0]
        self._seat: Seat | None = None
        self._over = False
        self._shape = (PLANES, *shape)
        self._kind = checked_dtype(dtype)
        self._opponent: Agent = self.opponents.agents[0]
        self._is_drawn = False
        self._game = np.zeros(1, dtype=np.intp)
        self._other = np.zeros(1, dtype=np.intp)
        self._log = TrailLog()
        self._window: Window | None = None
        self._heads: tuple[Cell, Cell] | None = None
        self._film: list[tuple[GameState, Trails | None]] = []

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start a game; ``seed`` names this start and those of the resets that follow.

        ``options`` are those named under Start, above.

        Raises:
            RulesetError: a place in ``options`` does not fit the ruleset.
            OptionError: ``options`` hold something unknown.
        """
        super().reset(seed=seed)
        asked = read_options(options)
        if seed is not None or self._seat is None:
            own = first_seed(self.np_random)
        else:
            own = next_seed(self.engine, 0)
        asked.place(self.engine, 0, int(own))
        seats, lots = draw_riders(self.engine.seeds)
        drawn = Seat(int(seats[0])) if self._fixed_seat is None else self._fixed_seat
        self._seat = drawn if asked.seat is None else asked.seat
        self._over = False
        self._endings = self._endings_of[self._seat]
        self._paid = self._endings[0].reward
        opponent = self.opponents.agents[int(self.opponents.pick(lots)[0])]
        self._opponent = opponent
        self._is_drawn = isinstance(opponent, RandomRider)
        self._terms[4:] = self._seat, opponent.key if isinstance(opponent, RandomRider) else 0
        self._other[0] = self._seat.other
        if self.render_mode is not None:
            self._film.clear()
            self._heads = None
            if self._window is not None and self._window.closed:
                self._window = None
            self._log.start(self.engine.state(0))
            self._show()
        observation: Observation = self.engine.planes[0, self._seat].astype(self._kind)
        self._info: dict[str, Any] = {
            "action_mask": self.engine.masks[0, self._seat].astype(INT8),
            "cause": DeathCause.NONE,
            "winner": None,
            "seat": self._seat,
            "opponent": opponent.name,
        }
        return observation, self._info.copy()

    def step(
        self, action: SupportsIndex
    ) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Play one ply against the opponent, which moves at the same time.

        Raises:
            InvalidActionError: ``action`` is not an integer from 0 to 3.
            gymnasium.error.ResetNeeded: there is no game yet.
        """
        over = self._over
        if self._seat is None:
            raise gymnasium.error.ResetNeeded("call reset before step")
        number = checked_action(action)
        other = DRAWN if over or self._is_drawn else self._ask()
        observation: Observation = empty(self._shape, self._kind)
        mask = empty(ACTIONS, INT8)
        code = ride(self._memory, self._terms, number, other, observation, mask)
        if self.render_mode is not None and not over:
            self._log.note(self.engine.state(0).heads)
            self._show()
        info = self._info.copy()
        info["action_mask"] = mask
        if not code:  # Nobody has died, and plies are left.
            return observation, self._paid, False, False, info
        reward, terminated, truncated, cause, winner = self._endings[code]
        info["cause"], info["winner"] = cause, winner
        self._over = True
        return observation, 0.0 if over else reward, terminated, truncated, info

    def action_masks(self) -> BoolArray:
        """Return the learner's accepted actions, bool ``(4,)``, as sb3-contrib asks for them.

        Raises:
            gymnasium.error.ResetNeeded: there is no game yet.
        """
        if self._seat is None:
            raise gymnasium.error.ResetNeeded("call reset before action_masks")
        mask: BoolArray = self.engine.masks[0, self._seat].copy()
        return mask

    def render(self) -> Any:
        """Return what the render mode promises, None for "human"; see Rendering, above.

        Raises:
            gymnasium.error.ResetNeeded: there is no game yet.
        """
        if self.render_mode is None:
            gymnasium.logger.warn("render was called without a render_mode; name one in make()")
            return None
        if self._seat is None:
            raise gymnasium.error.ResetNeeded("call reset before render")
        if self.render_mode == "rgb_array_list":
            frames = [render_rgb(state, trails=trails) for state, trails in self._film]
            self._film.clear()
            return frames
        if self.render_mode == "human":
            return None
        state = self.engine.state(0)
        if self.render_mode == "ansi":
            return render_ansi(state)
        return render_rgb(state, trails=self._log.trails())

    def _show(self) -> None:
        """Keep or show the present position, in the modes that do so unasked."""
        if self.render_mode == "rgb_array_list":
            self._film.append((self.engine.state(0), self._log.trails()))
        elif self.render_mode == "human":
            self._animate()

    def _animate(self) -> None:
        """Show the last ply in the window; a closed window stays closed until the next reset."""
        from tron_env.window import Scene, Window

        assert self._seat is not None
        state = self.engine.state(0)
        if self._window is None:
            self._window = Window("tron")
        names = ("learner", self._opponent.name)
        scene = Scene(
            state,
            names if self._seat is Seat.FIRST else names[::-1],
            self._log.trails(),
            self._heads,
        )
        self._heads = state.heads
        self._window.animate(scene, 1 / self.metadata["render_fps"])

    def close(self) -> None:
        """Close the window, where there is one."""
        if self._window is not None:
            self._window.close()

    def _ask(self) -> int:
        answer = self._opponent.act(self.engine, self._game, self._other)
        return checked_action(answer[0], f"action of {self._opponent.name}")


def endings(rewards: Float32Array, seat: Seat) -> list[Ending]:
    """Return what each number that ``ride`` may return means for one seat.

    Args:
        rewards: see ``reward_table``.
        seat: whose.
    """
    return [
        Ending(
            float(rewards[outcome, first, second, seat]),
            outcome not in (Outcome.ONGOING, Outcome.TRUNCATED),
            outcome is Outcome.TRUNCATED,
            (first, second)[seat],
            outcome.winner,
        )
        for outcome, first, second in product(Outcome, DeathCause, DeathCause)
    ]
