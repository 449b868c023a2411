"""Spans of time as people write them: 24h, 90m, 1h30m, 45s, 2d."""

import re
from datetime import timedelta
from typing import Final

SPAN: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse_span(text: str) -> timedelta:
    """Return a span of time.

    Raises:
        ValueError: ``text`` is none, or it is empty or nothing.

    >>> parse_span("1h30m")
    datetime.timedelta(seconds=5400)
    """
    found = SPAN.fullmatch(text.strip())
    if not text.strip() or found is None:
        raise ValueError(f"{text!r} is no span of time; one looks like 24h, 90m or 1h30m")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not span:
        raise ValueError("a span of time must be longer than nothing")
    return span
