"""Where the header and the footer lead."""

from typing import Final

from flask import current_app

Link = tuple[str, str]
"""An endpoint and what it is called."""

HEADER: Final[tuple[Link, ...]] = (
    ("pages.rounds", "Rounds"),
    ("pages.replays", "Replays"),
    ("people.live", "Live"),
    ("people.players", "Players"),
    ("pages.learn", "Learn"),
    ("upload.submit", "Submit"),
)
FOOTER: Final[tuple[tuple[str, tuple[Link, ...]], ...]] = (
    (
        "Ride",
        (
            ("pages.play", "Against a champion"),
            ("people.players", "Players' ladder"),
        ),
    ),
    (
        "Watch",
        (
            ("people.live", "Live rides"),
            ("pages.rounds", "Rounds"),
            ("pages.replays", "Replays"),
        ),
    ),
    (
        "Build",
        (
            ("pages.learn", "Learn"),
            ("upload.submit", "Submit a model"),
            ("reference.page", "JSON interface"),
        ),
    ),
)


def site_links() -> list[Link]:
    """Return the header's links beside *Play*, as far as their pages are there."""
    return _present(HEADER)


def foot_links() -> list[tuple[str, list[Link]]]:
    """Return the footer's groups of links, as far as their pages are there."""
    return [(title, _present(links)) for title, links in FOOTER]


def _present(links: tuple[Link, ...]) -> list[Link]:
    return [link for link in links if link[0] in current_app.view_functions]
