"""Where the header and the footer lead."""

from typing import Final

from flask import current_app

from web.texts import tell

Link = tuple[str, str]
"""An endpoint and what it is called."""

HEADER: Final[tuple[Link, ...]] = (
    ("pages.rounds", tell("menu.rounds")),
    ("pages.replays", tell("menu.replays")),
    ("people.live", tell("menu.live")),
    ("people.players", tell("menu.players")),
    ("pages.learn", tell("menu.learn")),
    ("upload.submit", tell("menu.submit")),
)
FOOTER: Final[tuple[tuple[str, tuple[Link, ...]], ...]] = (
    (
        tell("menu.ride"),
        (
            ("pages.play", tell("menu.champion")),
            ("people.players", tell("menu.ladder")),
        ),
    ),
    (
        tell("menu.watch"),
        (
            ("people.live", tell("menu.live_rides")),
            ("pages.rounds", tell("menu.rounds")),
            ("pages.replays", tell("menu.replays")),
        ),
    ),
    (
        tell("menu.build"),
        (
            ("pages.learn", tell("menu.learn")),
            ("upload.submit", tell("menu.submit_model")),
            ("reference.page", tell("menu.api")),
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
