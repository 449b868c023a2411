"""The models that ship with the package, each a ``NAME.onnx`` beside its card ``NAME.md``.

A card is Markdown with a YAML front matter of one-line ``key: value`` pairs, at least ``name``,
``title``, ``summary``, ``how`` it was made, ``command`` (which makes the file again), ``commit``
(of the code that made it), ``seed``, ``time`` (that making it took), ``results`` (points a game
against others, with intervals) and ``license``; ``division`` is ``light`` unless it says ``open``;
``values: logits`` says that its outputs are logits. Only these files are ever loaded in-process;
every other model goes through the sandbox.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from agents.errors import ZooError

DEFAULT_CHAMPION: Final = "duelist"
"""Holds the crown until a first round has been played."""

FOLDER: Final = Path(__file__).parent
REQUIRED_KEYS: Final = (
    *("name", "title", "summary", "how", "command", "commit", "seed", "time", "results"),
    "license",
)
DIVISIONS: Final = ("light", "open")

_FENCE = "---"


@dataclass(frozen=True, slots=True)
class ShippedModel:
    """One model of the zoo."""

    name: str
    path: Path
    sha256: str
    """Of the file, 64 hexadecimal digits."""
    title: str
    summary: str
    """One sentence in plain English."""
    light: bool = True
    """Whether it is of the light division: cheap enough for a crowd and for every round."""
    logits: bool = False
    """Whether its values are logits, so that their softmax is what it makes of its moves."""


@cache
def shipped() -> tuple[ShippedModel, ...]:
    """Return all shipped models, sorted by name.

    Raises:
        ZooError: a card is missing or malformed.
    """
    return tuple(_load(path) for path in sorted(FOLDER.glob("*.onnx")))


def baselines() -> tuple[ShippedModel, ...]:
    """Return the shipped models that play in every round: the light ones.

    Those of the open division would take most of a round's time, and the first round's minute.
    """
    return tuple(model for model in shipped() if model.light)


def shipped_model(name: str) -> ShippedModel:
    """Return the shipped model called ``name``.

    Raises:
        ZooError: there is none; the message lists what there is.
    """
    for model in shipped():
        if model.name == name:
            return model
    known = ", ".join(model.name for model in shipped())
    raise ZooError(f"no shipped model is called {name!r}; known are {known}")


def read_card(path: Path) -> dict[str, str]:
    """Return the front matter of a card.

    Raises:
        ZooError: the file is missing, has no front matter, or lacks a required key.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ZooError(f"card {path.name} cannot be read: {error.strerror}") from error
    if lines[:1] != [_FENCE] or _FENCE not in lines[1:]:
        raise ZooError(f"card {path.name} does not start with a front matter between '{_FENCE}'")
    card: dict[str, str] = {}
    for line in lines[1 : lines.index(_FENCE, 1)]:
        key, colon, value = line.partition(": ")
        if not colon:
            raise ZooError(f"card {path.name}: {line!r} is not 'key: value'")
        card[key] = value.strip().strip("\"'")
    missing = [key for key in REQUIRED_KEYS if not card.get(key)]
    if missing:
        raise ZooError(f"card {path.name} lacks {', '.join(missing)}")
    return card


def _load(path: Path) -> ShippedModel:
    card = read_card(path.with_suffix(".md"))
    if card["name"] != path.stem:
        raise ZooError(f"card {path.stem}.md is about {card['name']!r}")
    division = card.get("division", "light")
    if division not in DIVISIONS:
        raise ZooError(f"card {path.stem}.md: division is {division!r}, not light or open")
    values = card.get("values")
    if values not in (None, "logits"):
        raise ZooError(f"card {path.stem}.md: values are {values!r}, not logits")
    return ShippedModel(
        name=path.stem,
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        title=card["title"],
        summary=card["summary"],
        light=division == "light",
        logits=values is not None,
    )
