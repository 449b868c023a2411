"""Whom people may ride against: champions of rounds, and shipped models for training."""

from agents.zoo import DEFAULT_CHAMPION, ShippedModel, shipped
from arena.models import ModelStore
from arena.records import ChampionRow
from arena.sandbox import SandboxedModel
from arena.storage import Storage
from web.errors import Refusal, RefusedError
from web.inference import Policy, SandboxedPolicy, ShippedPolicy
from web.messages import OPPONENT
from web.tickets import Opponent


class Opponents:
    """Resolves opponents by what names them, and loads their models.

    Reads the database at every call, so that a new champion is offered as soon as it is crowned.
    """

    def __init__(self, storage: Storage, models: ModelStore) -> None:
        self._storage = storage
        self._models = models
        self._shipped = {model.name: model for model in shipped()}
        self._shipped_files = {model.sha256: model for model in shipped()}

    def champion(self) -> Opponent:
        """Return the reigning champion; before the first round is done, a shipped model."""
        reigning = self._storage.champion()
        if reigning is not None:
            return _champion(reigning)
        return _zoo(self._shipped[DEFAULT_CHAMPION], "house champion")

    def all(self) -> tuple[Opponent, ...]:
        """Return the champions, latest round first, then the shipped models."""
        return (*map(_champion, self._storage.champions()), *map(_zoo, self._shipped.values()))

    def council(self) -> tuple[Opponent, ...]:
        """Return the light champions, latest round first, each model once."""
        return tuple({row.sha256: row for row in reversed(self._light_champions())}.values())[::-1]

    def says_logits(self, opponent: Opponent) -> bool:
        """Whether a model's values are logits, as its card declares; others make no promise."""
        own = self._shipped_files.get(opponent.sha256)
        return own is not None and own.logits

    def summary(self, sha256: str) -> str:
        """Return what the card of a shipped model says of it, "" for others."""
        own = self._shipped_files.get(sha256)
        return "" if own is None else own.summary

    def find(self, spec: str) -> Opponent:
        """Return the opponent that ``spec`` names: champion, champion@N or zoo/NAME.

        Raises:
            RefusedError: UNKNOWN_OPPONENT.
        """
        parsed = OPPONENT.fullmatch(spec)
        found = self._named(parsed["round"], parsed["model"]) if parsed else None
        if found is None:
            raise RefusedError(Refusal.UNKNOWN_OPPONENT, f"there is no opponent {spec}")
        return found

    def load(self, opponent: Opponent) -> Policy:
        """Load a model: a shipped file in this process, any other in its sandbox.

        Raises:
            AgentError: the model cannot be loaded.
            ArenaFault: the model is missing, or the sandbox broke.
        """
        own = self._shipped_files.get(opponent.sha256)
        if own is not None:
            return ShippedPolicy(own.path, own.name)
        model = self._models.get(opponent.sha256)
        return SandboxedPolicy(SandboxedModel(model, alone=self._plays_alone(opponent)))

    def _light_champions(self) -> tuple[Opponent, ...]:
        return tuple(map(_champion, self._storage.champions()))

    def _named(self, round_: str | None, model: str | None) -> Opponent | None:
        if model is not None:
            own = self._shipped.get(model)
            return None if own is None else _zoo(own)
        if round_ is None:
            return self.champion()
        row = self._storage.champion(int(round_))
        return None if row is None else _champion(row)

    def _plays_alone(self, opponent: Opponent) -> bool:
        """Whether admission found that the model decides differently in company."""
        champion = None if opponent.round is None else self._storage.champion(opponent.round)
        return champion is not None and champion.alone


def _champion(row: ChampionRow) -> Opponent:
    return Opponent(
        spec=f"champion@{row.round}",
        name=row.name,
        label=f"champion of round {row.round}",
        round=row.round,
        sha256=row.sha256,
    )


def _zoo(model: ShippedModel, label: str = "shipped model") -> Opponent:
    return Opponent(
        spec=f"zoo/{model.name}",
        name=model.title,
        label=label,
        round=None,
        sha256=model.sha256,
    )
