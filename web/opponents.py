"""Whom people may ride against: champions of rounds, and shipped models for training."""

import re
from typing import Final

from agents.zoo import DEFAULT_CHAMPION, ShippedModel, shipped
from arena.models import ModelStore
from arena.records import ChampionRow
from arena.sandbox import SandboxedModel
from arena.storage import Storage
from web.crowns import crowns
from web.errors import Refusal, RefusedError
from web.messages import OPPONENT
from web.policies import Policy, SandboxedPolicy, ShippedPolicy
from web.texts import tell
from web.tickets import Opponent

DEFAULT_LIGHT: Final = "hunter"
"""Offered as the light champion until a round has crowned one."""
SHIPPED: Final = tell("opponents.shipped")


class Opponents:
    """Resolves opponents by what names them, and loads their models.

    Asks the database at every call, so that a new champion is offered as soon as it is crowned.
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
        return _zoo(self._shipped[DEFAULT_CHAMPION], tell("opponents.house_champion"))

    def light_champion(self) -> Opponent:
        """Return the reigning light champion, whom many can ride against at once."""
        reigning = self._storage.light_champion()
        if reigning is not None:
            return _light(reigning)
        return _zoo(self._shipped[DEFAULT_LIGHT], tell("opponents.house_light"))

    def light_besides(self, sha256: str) -> Opponent:
        """Return the light champion or, where that is the model, the cheapest other shipped one."""
        light = self.light_champion()
        if light.sha256 != sha256:
            return light
        others = (each for each in self._shipped.values() if each.sha256 != sha256)
        return _zoo(min(others, key=lambda each: each.path.stat().st_size))

    def crowned(self, prefix: bytes) -> Opponent | None:
        """Return the opponent whose model's hash begins so, if it was crowned or is shipped."""
        crowned = crowns(self._storage)
        rows = [*map(_champion, crowned.champions), *map(_light, crowned.light_champions)]
        rows += map(_zoo, self._shipped.values())
        return next((each for each in rows if bytes.fromhex(each.sha256).startswith(prefix)), None)

    def all(self) -> tuple[Opponent, ...]:
        """Return both champions of every round, latest first, then the shipped models.

        A model that won both crowns of a round is there once.
        """
        now = crowns(self._storage)
        champions = [*map(_champion, now.champions)]
        won = {(each.round, each.sha256) for each in champions}
        lights = map(_light, now.light_champions)
        light = [each for each in lights if (each.round, each.sha256) not in won]
        crowned = sorted(champions + light, key=lambda each: (-(each.round or 0), each.light))
        return (*crowned, *map(_zoo, self._shipped.values()))

    def council(self) -> tuple[Opponent, ...]:
        """Return the light champions, latest round first, each model once; at least one."""
        latest = self._light_champions() or (self.light_champion(),)
        return tuple({row.sha256: row for row in reversed(latest)}.values())[::-1]

    def says_logits(self, opponent: Opponent) -> bool:
        """Whether a model's values are logits, as its card declares; others make no promise."""
        own = self._shipped_files.get(opponent.sha256)
        return own is not None and own.logits

    def rides_in_rounds(self, opponent: Opponent) -> bool:
        """Whether a model is one of the shipped that ride in every round."""
        own = self._shipped_files.get(opponent.sha256)
        return own is not None and own.light

    def knows(self, sha256: str) -> bool:
        """Whether a model's file is here."""
        return sha256 in self._shipped_files or self._models.has(sha256)

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
        found = self._named(parsed) if parsed else None
        if found is None:
            raise RefusedError(Refusal.UNKNOWN_OPPONENT, "no_opponent", spec=spec)
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
        return tuple(map(_light, crowns(self._storage).light_champions))

    def _named(self, parsed: re.Match[str]) -> Opponent | None:
        if parsed["model"] is not None:
            own = self._shipped.get(parsed["model"])
            return None if own is None else _zoo(own)
        light = parsed["crown"] == "light"
        if parsed["round"] is None:
            return self.light_champion() if light else self.champion()
        number = int(parsed["round"])
        row = self._storage.light_champion(number) if light else self._storage.champion(number)
        if row is None:
            return None
        return _light(row) if light else _champion(row)

    def _plays_alone(self, opponent: Opponent) -> bool:
        """Whether admission found that the model decides differently in company."""
        if opponent.round is None:
            return False
        crowned = (
            self._storage.champion(opponent.round),
            self._storage.light_champion(opponent.round),
        )
        return any(row.alone for row in crowned if row and row.sha256 == opponent.sha256)


def _champion(row: ChampionRow) -> Opponent:
    return Opponent(
        spec=f"champion@{row.round}",
        name=row.name,
        label=tell("opponents.champion", round=row.round),
        round=row.round,
        sha256=row.sha256,
    )


def _light(row: ChampionRow) -> Opponent:
    return Opponent(
        spec=f"light@{row.round}",
        name=row.name,
        label=tell("opponents.light", round=row.round),
        round=row.round,
        sha256=row.sha256,
    )


def _zoo(model: ShippedModel, label: str = SHIPPED) -> Opponent:
    return Opponent(
        spec=f"zoo/{model.name}",
        name=model.title,
        label=label,
        round=None,
        sha256=model.sha256,
    )
