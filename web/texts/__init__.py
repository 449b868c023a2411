"""Every sentence of the site: ``pages.toml`` for the server, ``browser.json`` for the modules.

Templates call ``say``, Python calls ``tell``. A text may hold slots (``{name}``), and for ``say``
`` `code` ``, ``**bold**`` and ``[a link](slot)``, whose address the slot holds. One that depends on
a number has the forms ``one`` and ``other``, between which the slot ``count`` chooses.
"""

import html
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Final, TypeAlias

from markupsafe import Markup, escape

_Nested: TypeAlias = "Mapping[str, str | _Nested]"

FORMS: Final = frozenset({"one", "other"})
MARKS: Final = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*]+)\*\*"), r"<b>\1</b>"),
    (re.compile(r"\[([^]]+)\]\((\w+)\)"), r'<a href="{\2}">\1</a>'),
)


def say(key: str, /, **slots: object) -> Markup:
    """Return a text as markup; what fills its slots is escaped.

    >>> say("game.plies", count=1)
    Markup('1 ply')

    Raises:
        KeyError: there is no such text, or a slot of it is not filled.
    """
    if not slots:
        return _whole(key)
    parts = []
    for literal, slot, spec in _pieces(_form(key, slots)):
        parts.append(literal)
        if slot is not None:
            parts.append(escape(format(slots[slot], spec) if spec else slots[slot]))
    return Markup("".join(parts))


def tell(key: str, /, **slots: object) -> str:
    """Return a text as it is; raises as ``say``."""
    return PAGES[_form(key, slots)].format(**slots)


@cache
def _whole(key: str) -> Markup:
    """Return a text without slots."""
    return Markup(_MARKUP[key]).format()


@cache
def _pieces(key: str) -> tuple[tuple[str, str | None, str], ...]:
    """Return a text taken apart: what comes before each slot, its name, and its format.

    ``Markup.format`` does that at every call, which takes three times as long.
    """
    return tuple(
        (literal, slot, spec or "") for literal, slot, spec, _ in Formatter().parse(_MARKUP[key])
    )


def _form(key: str, slots: Mapping[str, object]) -> str:
    if key in PAGES:
        return key
    return f"{key}.{'one' if slots['count'] == 1 else 'other'}"


def _flat(texts: _Nested, prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, text in texts.items():
        if isinstance(text, str):
            yield f"{prefix}{key}", text
        else:
            yield from _flat(text, f"{prefix}{key}.")


def _marked_up(text: str) -> str:
    shown = html.escape(text, quote=False).replace('"', "&#34;")
    for mark, element in MARKS:
        shown = mark.sub(element, shown)
    return shown


PAGES: Final = dict(
    _flat(tomllib.loads((files(__name__) / "pages.toml").read_text(encoding="utf-8")))
)
"""Texts of the server by key, such as ``home.nobody``."""
_MARKUP: Final = {key: _marked_up(text) for key, text in PAGES.items()}
