"""What the arena's commands print: tables for people, JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from arena.comparison import Comparison
    from arena.duel import PlayedDuel
    from arena.pairs import Pairs
    from arena.records import AuditRow, DuelRow, EntryRow, Forfeits, NewEntry, RoundRow
    from arena.stored_tables import CrownedRating
    from arena.tally import Tally

WORDS = frozenset(
    {
        *("", "name", "status", "champion", "closed", "winner", "why", "95%", "forfeited by"),
        *("division", "kind", "who", "what", "when (UTC)"),
    }
)
"""Headings of columns that are aligned to the left."""


def print_json(value: object) -> None:
    """Print ``value`` as JSON; moments become ISO 8601."""
    click.echo(json.dumps(value, indent=2, default=_plain))


def round_json(
    row: "RoundRow", entries: Sequence["EntryRow"] = (), duels: Sequence["DuelRow"] = ()
) -> dict[str, object]:
    """Return a round with its standings and duels as plain data."""
    names = {entry.id: entry.name for entry in entries}
    champion = None if row.champion_entry_id is None else names.get(row.champion_entry_id)
    return asdict(row) | {
        "champion": champion,
        "standings": [asdict(entry) for entry in entries],
        "duels": [asdict(duel) for duel in duels],
    }


def comparison_json(entries: Sequence["EntryRow"], compared: "Comparison") -> dict[str, object]:
    """Return how sure a round's order is, and its circles, as plain data."""
    names = {entry.id: entry.name for entry in entries}
    return {
        "better_than_next": [
            {"name": entry.name, "likelihood": likelihood}
            for entry, likelihood in zip(entries, compared.better_than_next, strict=True)
        ],
        "cycles": [
            {"names": [names[entry] for entry in cycle.entries], "margin": cycle.margin}
            for cycle in compared.cycles
        ],
    }


def cycle_lines(entries: Sequence["EntryRow"], compared: "Comparison") -> list[str]:
    """Return a round's circles as people read them."""
    names = {entry.id: entry.name for entry in entries}
    lines = []
    for cycle in compared.cycles:
        one, two, three = (names[entry] for entry in cycle.entries)
        lines.append(f"{one} beats {two} beats {three} beats {one}")
    return lines


def standings_table(entries: Sequence["EntryRow"], compared: "Comparison") -> "Table":
    """Return a finished round's standings.

    LOS is the likelihood of superiority over the next entrant, in percent; ms is what a position
    costs in a batch of 64, by which divisions are told apart. The last columns are Apex's: its
    score, and the rank by it, whose ties more kills and fewer own deaths break.
    """
    from arena.standings import apex_order

    apex_rank = {entry.id: place for place, entry in enumerate(apex_order(entries), start=1)}
    table = _table(
        *("#", "name", "division", "ms", "points", "games", "W", "D", "L", "forfeits", "rating"),
        *("95%", "LOS", "apex", "apex #", "kills", "own deaths"),
    )
    for entry, likelihood in zip(entries, compared.better_than_next, strict=True):
        standing = entry.standing
        if standing is None:
            continue
        table.add_row(
            str(standing.rank),
            _named(entry),
            "light" if entry.light else "open",
            "" if entry.cost is None else f"{entry.cost.batch64_ms:.3f}",
            f"{standing.points:g}",
            str(standing.games),
            str(standing.wins),
            str(standing.draws),
            str(standing.losses),
            str(standing.forfeits or ""),
            f"{standing.rating:.0f}",
            f"{standing.rating_low:.0f} to {standing.rating_high:.0f}",
            "" if likelihood is None else f"{100 * likelihood:.0f}",
            f"{standing.apex_score:.3f}",
            str(apex_rank[entry.id]),
            str(standing.kills),
            str(standing.own_deaths),
        )
    return table


def cross_table(entries: Sequence["EntryRow"], duels: Sequence["DuelRow"]) -> "Table":
    """Return the points that each row scored against each column."""
    points: dict[tuple[int, int], str] = {}
    for duel in duels:
        if duel.done:
            first, second = duel.entries
            points[first, second] = f"{duel.points[0]:g}"
            points[second, first] = f"{duel.points[1]:g}"
    table = _table("", "name", *(str(place) for place in range(1, len(entries) + 1)))
    for place, entry in enumerate(entries, start=1):
        cells = (
            "·" if other.id == entry.id else points.get((entry.id, other.id), "")
            for other in entries
        )
        table.add_row(str(place), entry.name, *cells)
    return table


def forfeits_table(forfeits: Sequence["Forfeits"]) -> "Table":
    """Return who forfeited how many games, and why."""
    table = _table("forfeited by", "games", "why")
    for forfeit in forfeits:
        table.add_row(forfeit.name, str(forfeit.games), forfeit.reason)
    return table


def field_table(field: Sequence["NewEntry"]) -> "Table":
    """Return who would enter, with what a position costs in a batch of 64."""
    table = _table("", "name", "kind", "division", "ms")
    for place, entry in enumerate(field, start=1):
        light = entry.cost is not None and entry.cost.light
        table.add_row(
            str(place),
            entry.name,
            entry.kind.value,
            "light" if light else "open",
            "" if entry.cost is None else f"{entry.cost.batch64_ms:.3f}",
        )
    return table


def progress_table(line: Sequence["CrownedRating"]) -> "Table":
    """Return the champions of all rounds, oldest first, with what they scored against anchors."""
    table = _table("round", "champion", "rating", "95%", "against anchors", "games")
    for champion in line:
        share = ""
        if champion.anchor_games:
            share = f"{100 * champion.anchor_points / champion.anchor_games:.1f}%"
        table.add_row(
            str(champion.round),
            champion.name,
            f"{champion.rating:.0f}",
            f"{champion.rating_low:.0f} to {champion.rating_high:.0f}",
            share,
            str(champion.anchor_games or ""),
        )
    return table


def audit_table(rows: Sequence["AuditRow"]) -> "Table":
    """Return the audit log, one deed a line."""
    table = _table("when (UTC)", "who", "round", "what", "why")
    for row in rows:
        why = str(row.detail.get("reason", ""))
        table.add_row(
            f"{row.at:%Y-%m-%d %H:%M:%S}", row.actor, str(row.round), row.action.value, why
        )
    return table


def rounds_table(rows: Sequence["RoundRow"], champions: dict[int, str]) -> "Table":
    """Return all rounds, one a line."""
    table = _table("round", "status", "entrants", "duels", "champion", "closed")
    for row in rows:
        closed = "" if row.closed_at is None else f"{row.closed_at:%Y-%m-%d %H:%M}"
        duels = f"{row.duels_done}/{row.duels_total}" if row.duels_total else ""
        entrants = str(row.entrants or "")
        champion = champions.get(row.number, "")
        table.add_row(str(row.number), row.status.value, entrants, duels, champion, closed)
    return table


def duel_table(duel: "PlayedDuel", names: tuple[str, str]) -> "Table":
    """Return the games of one duel."""
    from arena.schedule import first_seat
    from arena.tally import tally_of

    table = _table("game", "start", f"seat of {names[0]}", "winner", "plies", "why")
    for number, game in enumerate(duel.games):
        replay = game.replay
        seat = first_seat(number)
        tally = tally_of(replay.outcome, replay.ending, seat)
        winner = names[0] if tally.wins else names[1] if tally.losses else "nobody"
        why = [
            f"{names[index]}: {text}"
            for index, place in ((0, seat), (1, seat.other))
            if (text := game.reasons[place] or _death(replay.causes[place].name))
        ]
        table.add_row(
            str(number + 1),
            str(number // 2 + 1),
            str(int(seat)),
            winner,
            str(replay.plies),
            "; ".join(why) or "ply limit",
        )
    return table


def duel_text(tally: "Tally", names: tuple[str, str]) -> str:
    """Return a duel's result in one sentence.

    >>> from arena.tally import Tally
    >>> duel_text(Tally(wins=5, draws=1, losses=2), ("a", "b"))
    'a beats b 5.5 : 2.5 (5 won, 1 drawn, 2 lost)'
    """
    ours, theirs = tally.points, tally.flip().points
    verb = "beats" if ours > theirs else "loses to" if ours < theirs else "draws with"
    counts = f"{tally.wins} won, {tally.draws} drawn, {tally.losses + tally.both_lost} lost"
    return f"{names[0]} {verb} {names[1]} {ours:g} : {theirs:g} ({counts})"


def certainty_text(pairs: "Pairs", names: tuple[str, str]) -> str:
    """Return in one sentence what a duel tells about who is the stronger.

    >>> from arena.pairs import Pairs
    >>> certainty_text(Pairs((0, 0, 1, 0, 3)), ("a", "b"))
    'a is the stronger with a likelihood of 97%; whether by 30 Elo is undecided'
    """
    from arena.sprt import Decision, Test

    test = Test()
    verdict = {
        Decision.BETTER: f"{test.elo1:g} Elo stronger rather than equal, by a sequential test",
        Decision.NOT_BETTER: f"not {test.elo1:g} Elo stronger, by a sequential test",
        Decision.UNDECIDED: f"whether by {test.elo1:g} Elo is undecided",
    }[test.decide(pairs)]
    return f"{names[0]} is the stronger with a likelihood of {pairs.superiority():.0%}; {verdict}"


def show(*parts: "Table | str") -> None:
    """Print tables and lines for people."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, width=None if _on_terminal() else 160)
    for part in parts:
        console.print(part)


def _on_terminal() -> bool:
    import sys

    return sys.stdout.isatty()


def _table(*headings: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="left" if heading in WORDS else "right")
    return table


def _named(entry: "EntryRow") -> str:
    kind = entry.kind.value
    return entry.name if kind == "submission" else f"{entry.name} ({kind})"


def _death(cause: str) -> str:
    return "" if cause == "NONE" else cause.lower().replace("_", "-")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
