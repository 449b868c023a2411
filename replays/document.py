"""The JSON form of a replay: the same game as the binary one, readable, with its riders' names.

Headings are strings of ``U``, ``R``, ``D`` and ``L``, one letter a ply. Seeds are strings too, as
they may be larger than what JavaScript keeps exactly.
"""

from typing import Final, Literal, TypedDict

import numpy as np

from replays.errors import ReplayFormatError
from replays.facts import rider_names
from replays.fields import Fields
from replays.format import PERSON, PREFIX_BYTES, Ending, Replay, TakeOver
from tron_env.errors import RulesetError
from tron_env.ruleset import MAX_PLIES_LIMIT, MAX_SIDE, MIN_SIDE, Ruleset, SpawnLayout
from tron_env.types import Action, DeathCause, Outcome, Seat, Spawn, UInt8Array

DOCUMENT_TYPE: Final = "tron_replay"
DOCUMENT_VERSION: Final = 2
"""Version 1 knew no take-overs."""
MAX_NAME: Final = 200
"""Characters of a rider's name."""
LETTERS: Final = "URDL"


class RulesetDocument(TypedDict):
    """The rules of the game."""

    height: int
    width: int
    spawn: str
    max_plies: int


class SpawnDocument(TypedDict):
    """Where a rider starts."""

    row: int
    col: int
    heading: str


class TakeOverDocument(TypedDict):
    """Where a person went on from another replay."""

    source: str
    """The first 8 bytes of the SHA-256 of the other replay's binary form, in hexadecimal."""
    ply: int
    seat: int


class ReplayDocument(TypedDict):
    """One game; lists over riders are in seat order."""

    type: Literal["tron_replay"]
    version: int
    names: list[str]
    models: list[str | None]
    """The first 8 bytes of each model's SHA-256 in hexadecimal, None for a person."""
    ruleset: RulesetDocument
    seed: str | None
    spawns: list[SpawnDocument]
    plies: int
    headings: list[str]
    outcome: str
    causes: list[str]
    ending: str
    takeover: TakeOverDocument | None


def to_document(replay: Replay, names: tuple[str, str]) -> ReplayDocument:
    """Return the JSON form of ``replay``."""
    ruleset, taken = replay.ruleset, replay.takeover
    return ReplayDocument(
        type="tron_replay",
        version=DOCUMENT_VERSION,
        names=list(names),
        models=[None if model == PERSON else model.hex() for model in replay.models],
        ruleset=RulesetDocument(
            height=ruleset.height,
            width=ruleset.width,
            spawn=ruleset.spawn.value,
            max_plies=ruleset.max_plies,
        ),
        seed=None if replay.seed is None else str(replay.seed),
        spawns=[
            SpawnDocument(row=row, col=col, heading=LETTERS[heading])
            for row, col, heading in replay.spawns
        ],
        plies=replay.plies,
        headings=["".join(LETTERS[way] for way in seat) for seat in replay.actions.T.tolist()],
        outcome=replay.outcome.name.lower(),
        causes=[cause.name.lower() for cause in replay.causes],
        ending=replay.ending.name.lower(),
        takeover=None if taken is None else _taken(taken),
    )


def _taken(takeover: TakeOver) -> TakeOverDocument:
    return TakeOverDocument(source=takeover.source.hex(), ply=takeover.ply, seat=int(takeover.seat))


def from_document(value: object) -> tuple[Replay, tuple[str, str]]:
    """Return the replay that a parsed JSON document holds, and the names of its riders.

    Raises:
        ReplayFormatError: it is none; the message names the field.
    """
    document = Fields(value, "replay")
    if document.text("type", MAX_NAME) != DOCUMENT_TYPE:
        raise ReplayFormatError(f"replay.type is not {DOCUMENT_TYPE!r}")
    version = document.integer("version", 1, 2**31)
    if version > DOCUMENT_VERSION:
        raise ReplayFormatError(
            f"replay.version is {version}; this program knows 1 to {DOCUMENT_VERSION}"
        )
    try:
        ruleset = _ruleset(document.fields("ruleset"))
        replay = Replay(
            ruleset=ruleset,
            seed=_seed(document) if document.has("seed") else None,
            spawns=_spawns(document),
            actions=_actions(document),
            outcome=Outcome[document.text("outcome", MAX_NAME).upper()],
            causes=_causes(document),
            ending=Ending[document.text("ending", MAX_NAME).upper()],
            models=_models(document),
            takeover=_takeover(document) if version > 1 and document.has("takeover") else None,
        )
    except RulesetError as error:
        raise ReplayFormatError(f"replay.ruleset: {error}") from error
    except KeyError as error:
        raise ReplayFormatError(f"replay: {error} is none of the known names") from error
    plies = document.integer("plies", 0, MAX_PLIES_LIMIT)
    if plies != replay.plies:
        raise ReplayFormatError(f"replay.plies is {plies}, but there are {replay.plies} headings")
    return replay, _names(document, replay)


def _ruleset(fields: Fields) -> Ruleset:
    return Ruleset(
        height=fields.integer("height", MIN_SIDE, MAX_SIDE),
        width=fields.integer("width", MIN_SIDE, MAX_SIDE),
        spawn=SpawnLayout[fields.text("spawn", MAX_NAME).upper()],
        max_plies=fields.integer("max_plies", 1, MAX_PLIES_LIMIT),
    )


def _seed(document: Fields) -> int:
    text = document.text("seed", 20)
    if not (text.isascii() and text.isdecimal()):
        raise ReplayFormatError(f"replay.seed is {text!r}; expected digits")
    return int(text)


def _spawns(document: Fields) -> tuple[Spawn, Spawn]:
    spawns = [
        Spawn(
            fields.integer("row", 0, MAX_SIDE),
            fields.integer("col", 0, MAX_SIDE),
            Action(_letters(fields.text("heading", 1), "heading of a spawn")[0]),
        )
        for fields in document.objects("spawns", 2)
    ]
    if len(spawns) != 2:
        raise ReplayFormatError("replay.spawns has not two spawns")
    return spawns[0], spawns[1]


def _actions(document: Fields) -> UInt8Array:
    first, second = document.texts("headings", MAX_PLIES_LIMIT)
    if len(first) != len(second):
        raise ReplayFormatError("replay.headings differ in length")
    if not first:
        return np.zeros((0, 2), dtype=np.uint8)
    both = [_letters(text, "replay.headings") for text in (first, second)]
    return np.array(both, dtype=np.uint8).T


def _letters(text: str, where: str) -> list[int]:
    numbers = [LETTERS.find(letter) for letter in text]
    if not numbers or min(numbers) < 0:
        raise ReplayFormatError(f"{where} holds a letter other than {LETTERS}")
    return numbers


def _causes(document: Fields) -> tuple[DeathCause, DeathCause]:
    first, second = document.texts("causes", MAX_NAME)
    return DeathCause[first.upper()], DeathCause[second.upper()]


def _models(document: Fields) -> tuple[bytes, bytes]:
    models = document.items("models", 2)
    if len(models) != 2:
        raise ReplayFormatError("replay.models has not two items")
    first, second = (PERSON if model is None else _prefix(model, "models") for model in models)
    return first, second


def _takeover(document: Fields) -> TakeOver:
    taken = document.fields("takeover")
    return TakeOver(
        source=_prefix(taken.text("source", MAX_NAME), "takeover.source"),
        ply=taken.integer("ply", 0, MAX_PLIES_LIMIT),
        seat=Seat(taken.integer("seat", 0, 1)),
    )


def _prefix(value: object, where: str) -> bytes:
    digits = 2 * PREFIX_BYTES
    if not isinstance(value, str) or len(value) != digits:
        raise ReplayFormatError(f"replay.{where} must be {digits} hexadecimal digits each")
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise ReplayFormatError(f"replay.{where}: {error}") from error


def _names(document: Fields, replay: Replay) -> tuple[str, str]:
    return document.texts("names", MAX_NAME) if document.has("names") else rider_names(replay)
