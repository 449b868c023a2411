"""The viewer in one HTML file that needs no server: the form `tron replay export -o game.html`."""

import base64
import gzip
from datetime import UTC, datetime
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader

from arena.records import GameKind, GameRow
from replays.facts import rider_kinds
from replays.format import PERSON, Replay, encode
from tron_env.types import Seat
from web.assets import DIST, Assets
from web.owners import packed_owners
from web.texts import say
from web.viewer import loose_page

EPOCH: Final = datetime.fromtimestamp(0, UTC)


def replay_html(replay: Replay, names: tuple[str, str]) -> bytes:
    """Return a web page that plays ``replay``; see ``replays.export.ReplayForm``.

    Raises:
        ReplayDesyncError: the rules play it differently from what it records.
        AssetError: the front end is not built.
    """
    assets = Assets()

    def built(source: str) -> str:
        return (DIST / assets.path(source).removeprefix("dist/")).read_text(encoding="utf-8")

    page = loose_page(replay, names, loose_row(replay, names))
    text = (
        _templates()
        .get_template("offline.html")
        .render(
            page=page,
            owners=base64.b64encode(gzip.compress(packed_owners(encode(replay)), mtime=0)).decode(),
            style=built("css/offline.css"),
            script=built("js/offline.js"),
        )
    )
    return text.encode()


def loose_row(replay: Replay, names: tuple[str, str]) -> GameRow:
    """Return what there is to say of a game that no database holds."""
    kinds = rider_kinds(replay)
    person = next((seat for seat in Seat if kinds[seat] == "person"), None)
    both = kinds[0] == kinds[1]
    first, second = (None if model == PERSON else model.hex() for model in replay.models)
    return GameRow(
        id=0,
        kind=GameKind.DUEL if person is None or both else GameKind.HUMAN,
        round=None,
        duel_id=None,
        number=None,
        names=names,
        models=(first, second),
        outcome=replay.outcome,
        causes=replay.causes,
        ending=replay.ending,
        reasons=(None, None),
        plies=replay.plies,
        played_at=EPOCH,
        human_seat=None if both else person,
        speed=None,
        first_try=False,
    )


@cache
def _templates() -> Environment:
    templates = Environment(loader=PackageLoader("web"), autoescape=True)
    templates.globals["say"] = say
    return templates
