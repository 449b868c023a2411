"""How models fared against people, counted as games come in.

Counting a champion's games at each view of its page would read all of them. The counts follow from
the games alone: ``counted`` says how, and both keeping them up and counting anew go by it.
"""

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, case, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from arena.records import GameKind
from arena.schema import games, people_tallies
from replays.format import Ending
from tron_env.types import Outcome

ABANDONED: Final = games.c.ending == int(Ending.ABANDONED)
_PERSON_WON = games.c.outcome == games.c.human_seat + int(Outcome.FIRST_WINS)
_DRAWN = games.c.outcome.in_([int(Outcome.DRAW), int(Outcome.TRUNCATED)])
RESULT: Final = case((ABANDONED, "abandoned"), (_DRAWN, "draw"), (_PERSON_WON, "loss"), else_="win")
"""Of a person's game, from the model's side."""
MODEL: Final = case((games.c.human_seat == 0, games.c.second_sha256), else_=games.c.first_sha256)
OWN: Final = (games.c.kind == GameKind.HUMAN, games.c.takeover_ply.is_(None))
"""Games that people rode from the start."""
KEY: Final = ("sha256", "speed", "first_try", "result")


def counted(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the tallies of those games of people's that fit."""
    model, result = MODEL.label("sha256"), RESULT.label("result")
    key = (model, games.c.speed, games.c.first_try, result)
    query = select(*key, func.count().label("games"))
    return query.where(*OWN, *conditions).group_by(*key)


def tally_games(connection: Connection, game_ids: Collection[int]) -> None:
    """Count games that have just been stored."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    new = make(people_tallies)
    total = people_tallies.c.games + new.excluded.games
    new = new.from_select([*KEY, "games"], counted(games.c.id.in_(game_ids)))
    connection.execute(new.on_conflict_do_update(index_elements=KEY, set_={"games": total}))


def tally_anew(connection: Connection) -> None:
    """Count all games of people's, in place of what was counted."""
    connection.execute(delete(people_tallies))
    connection.execute(insert(people_tallies).from_select([*KEY, "games"], counted()))
