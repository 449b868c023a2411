"""Reading untrusted JSON one checked field at a time."""

import json
import re
from typing import Final, TypeGuard

from replays.errors import ReplayFormatError

MAX_JSON_BYTES: Final = 64 * 2**20
"""Longer input is refused unread: a thousand games of Apex take less."""

_UNSHOWN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, with which a name could rule the terminal that shows it, and halves of
characters, which nothing can write."""


class Fields:
    """A JSON object whose fields are read by name and type; errors say where they stand."""

    def __init__(self, value: object, where: str) -> None:
        """Raise ``ReplayFormatError`` where ``value`` is no object."""
        if not isinstance(value, dict):
            raise ReplayFormatError(f"{where} is {_kind(value)}; expected an object")
        self._fields: dict[str, object] = value
        self._where = where

    def has(self, name: str) -> bool:
        """Tell whether the field is there and not null."""
        return self._fields.get(name) is not None

    def fields(self, name: str) -> "Fields":
        """Return an object."""
        return Fields(self._value(name), f"{self._where}.{name}")

    def items(self, name: str, at_most: int) -> list[object]:
        """Return a list of limited length."""
        value = self._value(name)
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        if len(value) > at_most:
            raise ReplayFormatError(
                f"{self._where}.{name} has {len(value)} items; at most {at_most} are allowed"
            )
        return value

    def objects(self, name: str, at_most: int) -> list["Fields"]:
        """Return a list of objects."""
        return [
            Fields(item, f"{self._where}.{name}[{place}]")
            for place, item in enumerate(self.items(name, at_most))
        ]

    def integer(self, name: str, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``."""
        value = self._value(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._wrong(name, f"a whole number from {low} to {high}")
        return value

    def text(self, name: str, at_most: int) -> str:
        """Return a text of limited length, all of which can be shown."""
        value = self._value(name)
        if not _is_text(value, at_most):
            raise self._wrong(name, f"a text of at most {at_most} printable characters")
        return value

    def texts(self, name: str, at_most: int) -> tuple[str, str]:
        """Return a list of two such texts, one for each seat."""
        items = self.items(name, 2)
        texts = [item for item in items if _is_text(item, at_most)]
        if len(items) != 2 or len(texts) != 2:
            raise ReplayFormatError(
                f"{self._where}.{name} must be two texts of at most {at_most} printable "
                "characters each"
            )
        return texts[0], texts[1]

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._value(name)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def _value(self, name: str) -> object:
        if name not in self._fields:
            raise ReplayFormatError(f"{self._where}.{name} is missing")
        return self._fields[name]

    def _wrong(self, name: str, expected: str) -> ReplayFormatError:
        return ReplayFormatError(
            f"{self._where}.{name} is {_kind(self._fields[name])}; expected {expected}"
        )


def parse_json(data: bytes) -> object:
    """Return what UTF-8 encoded JSON holds.

    Raises:
        ReplayFormatError: it is too long, nested too deeply, or no JSON.
    """
    _check_size(data)
    try:
        return json.loads(data.decode())
    except RecursionError as error:
        raise ReplayFormatError("this JSON is nested too deeply") from error
    except ValueError as error:
        raise ReplayFormatError(f"this is no JSON: {error}") from error


def parse_json_lines(data: bytes) -> list[object]:
    """Return what each line holds, as ``parse_json`` does.

    Raises:
        ReplayFormatError: all lines together are too long, or one is nested too deeply or no JSON.
    """
    _check_size(data)
    return [parse_json(line) for line in data.splitlines()]


def _check_size(data: bytes) -> None:
    if len(data) > MAX_JSON_BYTES:
        raise ReplayFormatError(f"more than {MAX_JSON_BYTES} bytes of JSON, the most that is read")


def _is_text(value: object, at_most: int) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= at_most and not _UNSHOWN.search(value)


def _kind(value: object) -> str:
    """Name a value without repeating all of a long one.

    >>> _kind("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxx...'"
    """
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and value.bit_length() > 128:
        return "a huge number"
    shown = repr(value if not isinstance(value, str) else value[:32])
    return shown if len(shown) <= 28 else f"{shown[:24]}...'"
