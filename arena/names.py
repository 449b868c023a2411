"""Names that miners ride under: normalised, and never mistakable for one another.

Two names are alike if they look alike to people: their skeletons after Unicode Technical Standard
39, with upper and lower case made one before or after, are equal. ``look_keys`` gives both, and no
key of a new name may be a key of another.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Final

from confusable_homoglyphs import categories, confusables

from tron_env.errors import TronArenaError

MAX_NAME: Final = 32
MAX_RAW_NAME: Final = 4 * MAX_NAME
"""Longer ones are refused before any work is done on them."""
PUNCTUATION: Final = frozenset("._-")
BLANK_LETTERS: Final = frozenset("\u115f\u1160\u3164\uffa0")
"""Hangul fillers: letters by their category, and invisible."""
JAPANESE_MARKS: Final = frozenset("\u3005\u30fc")
"""The only modifier letters that may stand, between letters of their own scripts."""
JAPANESE: Final = frozenset({"HAN", "HIRAGANA", "KATAKANA"})
UNNAMED: Final = "miner-"
"""What a miner is called whose name is hidden, with a number behind it."""
RESERVED: Final = frozenset(
    {
        *("champion", "submission", "onnx", "random", "minimax", "tree", "zoo", "person", "human"),
        *("you", "admin", "administrator", "anonymous", "arena", "moderator", "nobody", "null"),
        *("official", "operator", "root", "support", "system", "tron", "tron-arena", "undefined"),
    }
)


class NameRefusedError(TronArenaError, ValueError):
    """A name cannot be used; the message says why and what to do."""


def checked_name(name: str, taken: Iterable[str] = ()) -> str:
    r"""Return ``name`` in normal form (NFKC) where it may be used.

    Args:
        name: as it was typed.
        taken: names that nobody may come near, such as those of shipped models.

    Raises:
        NameRefusedError: it cannot be used.

    >>> checked_name("lightning\u00b2")
    'lightning2'
    """
    if len(name) > MAX_RAW_NAME:
        raise NameRefusedError(f"a name has at most {MAX_NAME} characters")
    normal = unicodedata.normalize("NFKC", name)
    shown = normal.encode("unicode_escape").decode() if not normal.isprintable() else normal
    if not 1 <= len(normal) <= MAX_NAME:
        raise NameRefusedError(f"a name has 1 to {MAX_NAME} characters; this one has {len(normal)}")
    if not all(_may_stand(character) for character in normal) or normal[0] in PUNCTUATION:
        raise NameRefusedError(
            f"the name {shown!r} cannot be used: take letters, digits, dots, hyphens or "
            "underscores, beginning with a letter or digit"
        )
    scripts = categories.unique_aliases(normal) - {"COMMON", "INHERITED"}
    marked = not JAPANESE_MARKS.isdisjoint(normal)
    if len(scripts) > 1 or (marked and scripts.isdisjoint(JAPANESE)):
        raise NameRefusedError(f"the name {shown!r} mixes scripts; write it in one")
    if normal.casefold().startswith(UNNAMED) or look_keys(normal) & _reserved(frozenset(taken)):
        raise NameRefusedError(f"the name {shown!r} is reserved, or looks like one that is")
    return normal


def look_keys(name: str) -> frozenset[str]:
    r"""Return what ``name`` looks like, in lower case; names that share a key look alike.

    >>> sorted(look_keys("PauI")), sorted(look_keys("Paul"))
    (['paui', 'paul'], ['paul'])
    >>> bool(look_keys("\u0441\u043e\u0441\u043e") & look_keys("coco"))
    True
    """
    return frozenset({skeleton(name.casefold()).casefold(), skeleton(name).casefold()})


def skeleton(text: str) -> str:
    """Return ``text`` with every character by the one that stands for all that look like it.

    >>> skeleton("m1x")
    'rnlx'
    """
    table = _prototypes()
    parts = (table.get(each, each) for each in unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFD", "".join(parts))


def _may_stand(character: str) -> bool:
    kind = unicodedata.category(character)
    if character in BLANK_LETTERS:
        return False
    if kind == "Lm":  # looks like a mark on its neighbour, or like nothing much
        return character in JAPANESE_MARKS
    return kind[0] == "L" or kind == "Nd" or character in PUNCTUATION


@cache
def _reserved(taken: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(look_keys(name) for name in RESERVED | taken))


@cache
def _prototypes() -> dict[str, str]:
    """Return the prototype of each confusable character.

    The library lists for a character its prototype, and for a prototype all that look like it. So
    a character's only entry is its prototype, unless both have no other; then either will do.
    """
    alike = {
        _bare(character): [_bare(each["c"]) for each in found]
        for character, found in confusables.confusables_data.items()
    }
    table = {}
    for character, found in alike.items():
        if len(character) != 1 or len(found) != 1:
            continue
        (other,) = found
        if len(alike.get(other, ())) > 1 or other < character:
            table[character] = other
    return table


def _bare(text: str) -> str:
    """Drop the direction marks that the library writes around letters read from the right."""
    return text.replace("\u200e", "")
