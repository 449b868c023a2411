"""What a compiled search is: a description, from which the graph and its twin both follow.

The numbers that both use to keep a tree stand here too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from agents.errors import SearchDescriptionError
from tron_env.types import ACTIONS

FLOOD_STRIDE: Final = 8
"""Steps of a flood between two looks at whether it has ended."""

MAX_REGRET: Final = 8
MAX_PLIES: Final = 48
"""With the two weights of regret at most ``MAX_REGRET`` together, the sum along a line of so many
plies stays within int32."""

MAX_WEIGHT: Final = 3000
"""900 cells, pinched or not, 1740 pairs and 784 inner cells of such a weight stay within ``WIN``,
and that within int32."""

JOINT: Final = ACTIONS * ACTIONS
"""Joint plies of a position: own move times four plus reply."""

WIN: Final = 12_000_000
"""Above every evaluation, and with float32 still exact."""

SOONER: Final = 1000
"""A win is worth so much less for every ply until then."""

NEVER: Final = 1 << 29
"""Stands for a reply that does not exist, and less it for an own move that does not."""

MAX_LOSS: Final = 1 << 22
"""What one move can give away at most, as far as regret is concerned."""

SHUT: Final = 2**31 - 1
"""The regret of what cannot be looked into."""

HOPE_LIMIT: Final = 60_000
"""What a reply gives more than the worst one counts up to this for ``hope``."""

HOPE_UNIT: Final = 64

REJECTED: Final = -2 * WIN

DECIDED: Final = WIN - 500_000
"""Values beyond it, of either sign, are wins and losses."""

PRIOR_FLOOR: Final = 8
"""No move counts as more units of log-probability below the likeliest accepted one."""

MAX_PRIOR: Final = 100_000
"""``PRIOR_FLOOR`` units of such a weight do not make the least evaluation a loss."""

CLOSED, OPEN, APART = range(3)
"""What a joint ply leads to: nothing to look into, a position, one with the riders apart."""

OWN, OTHER, PLY, SOLO, IS_APART, PARENT, SLOT, FIRST = range(8)
FACTS: Final = 8
"""What is known of a node, int64: these columns; ``FIRST`` is the root's own move to it."""

LENGTH: Final = 1 << 13
"""Weight of a ply of the longest path known, for a rider apart; the bound below settles ties."""

BOUND_LIMIT: Final = 1 << 22
BOUND_UNIT: Final = 1 << 10
"""Bounds count from one limit to the other in so large units, which stays below ``LENGTH``."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The value of a position without looking further, from one flood of both riders.

    Attributes:
        cell: weight of a cell that one reaches first.
        edge: weight of a pair of such cells side by side: room is worth more than corridors.
        inner: weight of such a cell with all four neighbours among them: so is one piece.
        pinched: what a cell costs, of those reached first, whose neighbours among them are not
            joined around it: such cells lead from chamber to chamber, and who passes one does not
            come back.
        apart_cell: weight of a cell that can be filled, by colours, once the riders can never meet.
        apart_edge: weight of a pair of cells then: keeps what is left in one piece.
        clash: what heads meeting on one cell cost both riders. The search lets the other answer
            every move at once and takes open positions for worse than they are, so that it would
            flee into draws if these cost nothing.
        ahead: weight of having any lead once apart.
        strides: a flood ends after ``FLOOD_STRIDE`` times so many plies and one.
    """

    cell: int = 55
    edge: int = 388
    inner: int = 0
    apart_cell: int = 2000
    apart_edge: int = 10
    clash: int = 0
    ahead: int = 0
    strides: int = 9
    pinched: int = 0

    def __post_init__(self) -> None:
        for name in ("cell", "edge", "inner", "pinched", "apart_cell", "apart_edge"):
            _check("evaluation", name, getattr(self, name), 0, MAX_WEIGHT)
        _check("evaluation", "clash", self.clash, 0, 1_000_000)
        _check("evaluation", "ahead", self.ahead, 0, 1_000_000)
        _check("evaluation", "strides", self.strides, 1, 113)


@dataclass(frozen=True, slots=True)
class TreeSearch:
    """A best-first search over joint plies that grows one tree in a fixed number of rounds.

    A node's value is that of the own move whose worst reply is best. Every round looks into the
    ``width`` leaves that the fewest and smallest mistakes lead to: their *regret* adds up, along
    the line from the root, what each own move and each reply gives away as far as is known. All
    moves and replies of these leaves are valued at once, and the values handed up.

    Attributes:
        rounds: how often the tree grows.
        width: positions looked into in each round.
        more_rounds: so many rounds follow as long as ``live`` allows it: where few plies can be
            played, a search looks further for as many leaves.
        live: a round beyond ``rounds`` is made while fewer joint plies than this stand open, that
            is have been valued and not looked into.
        own_regret: weight of what an own move gives away.
        reply_regret: weight of what a reply gives away.
        ply_cost: regret added for every joint ply: wide and shallow against narrow and deep.
        solo_cost: the same for plies after the riders are apart, where only own moves are tried.
        solo_rounds: the same as ``rounds`` where the riders are apart at the root, at most that.
        solo_width: the same as ``width`` there, at most that.
        rides: so many leaves of least regret are ridden to the end there, and the longest path
            decides. With none, the bound by colours does.
        styles: in so many of the four styles each.
        max_plies: no line is looked into further.
        hope: what an own move is worth beside its worst reply, in 64ths of what each other reply
            gives more. The worst reply knows the move, which no rider does. Where several moves
            are worth as much against it, above all a clash, this tells them apart.
        prior: what one unit of a network's log-probability is worth to the root's moves while the
            riders can meet; see ``agents.graphs.prior``. Only the graph asks a network.
        evaluation: of leaves.
    """

    rounds: int = 40
    width: int = 32
    more_rounds: int = 0
    live: int = 0
    own_regret: int = 1
    reply_regret: int = 1
    ply_cost: int = 500
    solo_cost: int = 0
    solo_rounds: int = 2
    solo_width: int = 8
    rides: int = 32
    styles: int = 4
    max_plies: int = 32
    hope: int = 0
    prior: int = 0
    evaluation: Evaluation = field(default_factory=Evaluation)

    def __post_init__(self) -> None:
        _check("search", "rounds", self.rounds, 0, 1000)
        _check("search", "width", self.width, 1, 1024)
        _check("search", "more_rounds", self.more_rounds, 0, 1000)
        _check("search", "live", self.live, 0, 1_000_000)
        _check("search", "own_regret + reply_regret", self.own_regret + self.reply_regret, 0, 8)
        _check("search", "own_regret", self.own_regret, 0, MAX_REGRET)
        _check("search", "reply_regret", self.reply_regret, 0, MAX_REGRET)
        _check("search", "ply_cost", self.ply_cost, 0, 100_000)
        _check("search", "solo_cost", self.solo_cost, 0, 100_000)
        _check("search", "solo_rounds", self.solo_rounds, 0, 1000)
        _check("search", "solo_width", self.solo_width, 1, 1024)
        _check("search", "rides", self.rides, 0, 1024)
        _check("search", "styles", self.styles, 1, 4)
        _check("search", "max_plies", self.max_plies, 1, MAX_PLIES)
        _check("search", "hope", self.hope, 0, HOPE_UNIT)
        _check("search", "prior", self.prior, 0, MAX_PRIOR)


def _check(what: str, name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SearchDescriptionError(f"{what}: {name} is {value}; allowed are {low} to {high}")


@dataclass(frozen=True, slots=True)
class ShippedSearch:
    """A search that ships as a model.

    Attributes:
        search: its description.
        network: the shipped model that is its prior, if it has one.
    """

    search: TreeSearch
    network: str | None = None


_WARDEN: Final = TreeSearch(
    rounds=10, width=128, hope=4, evaluation=Evaluation(inner=1200, clash=20_000)
)

SHIPPED_SEARCHES: Final[Mapping[str, ShippedSearch]] = {
    "duelist": ShippedSearch(
        TreeSearch(
            rounds=2, width=12, solo_rounds=0, rides=4, styles=2, evaluation=Evaluation(inner=1200)
        )
    ),
    "warden": ShippedSearch(_WARDEN),
    "sovereign": ShippedSearch(replace(_WARDEN, prior=12_000), network="prodigy"),
}
"""By the name of the model that each is compiled to."""
