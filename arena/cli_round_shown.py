"""What `tron round` shows: rounds, standings, champions, the audit log; changes nothing."""

import click

from arena.cli_terms import JSON_OPTION

MOST_IN_CROSS_TABLE = 20
"""Entrants; a larger table fits no terminal and is in the JSON."""


@click.command()
@JSON_OPTION
def status(as_json: bool) -> None:
    """Show what is open, what is being played, and who reigns."""
    from dataclasses import asdict

    from arena import rounds
    from arena.cli_report import comparison_json, cycle_lines, print_json, round_json
    from arena.comparison import compare
    from arena.scheduler import LEADING
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        opened = rounds.ensure_open(storage)
        submissions = storage.live_submissions(opened.number)
        running = storage.unfinished_round()
        champion, light = storage.champion(), storage.light_champion()
        leader = storage.lease_holder(LEADING)
        table = () if champion is None else storage.entries(champion.round)
        results = () if champion is None else storage.results(champion.round)
    compared = compare([entry.id for entry in table], results)
    if as_json:
        print_json(
            {
                "open_round": round_json(opened),
                "submissions": [asdict(row) for row in submissions],
                "running": None if running is None else round_json(running),
                "champion": None if champion is None else asdict(champion),
                "light_champion": None if light is None else asdict(light),
                "scheduler": leader,
                "comparison": comparison_json(table, compared),
            }
        )
        return
    names = ", ".join(row.name for row in submissions) or "no submissions yet"
    click.echo(f"round {opened.number} is open: {names}")
    if opened.closes_at is not None:
        awake = "" if leader else ", but no scheduler is running"
        click.echo(f"round {opened.number} closes at {opened.closes_at:%Y-%m-%d %H:%M} UTC{awake}")
    if running is not None:
        done = f"{running.duels_done} of {running.duels_total} duels played"
        click.echo(f"round {running.number} is {running.status}: {done}")
    if champion is not None:
        sure = compared.better_than_next[0] or 0.0
        click.echo(
            f"champion: {champion.name}, of round {champion.round}; "
            f"better than {table[1].name} with a likelihood of {100 * sure:.0f}%"
        )
        if light is not None:
            click.echo(f"light champion: {light.name}, of round {light.round}")
        for line in cycle_lines(table, compared)[:1]:
            click.echo(f"clearest circle: {line}")


@click.command()
@JSON_OPTION
def progress(as_json: bool) -> None:
    """Show the line of champions, one a round, measured against the anchors."""
    from dataclasses import asdict

    from arena.cli_report import print_json, progress_table, show
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        line = storage.champion_line()
    if as_json:
        print_json([asdict(champion) for champion in line])
    else:
        show(progress_table(line))


@click.command()
@click.argument("number", type=click.IntRange(min=1), required=False)
@JSON_OPTION
def log(number: int | None, as_json: bool) -> None:
    """Show who closed, changed, cancelled or re-ran rounds, newest first [default: all rounds]."""
    from dataclasses import asdict

    from arena.cli_report import audit_table, print_json, show
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        rows = storage.audit(number)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        show(audit_table(rows))


@click.command("list")
@JSON_OPTION
def list_(as_json: bool) -> None:
    """List all rounds, newest first."""
    from arena.cli_report import print_json, round_json, rounds_table, show
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        rows = storage.rounds()
        champions = {champion.round: champion.name for champion in storage.champions()}
    if as_json:
        print_json([round_json(row) | {"champion": champions.get(row.number)} for row in rows])
    else:
        show(rounds_table(rows, champions))


@click.command("show")
@click.argument("number", type=click.IntRange(min=1), required=False)
@JSON_OPTION
def show_round(number: int | None, as_json: bool) -> None:
    """Show a round's standings and cross table [default: the newest finished]."""
    from dataclasses import asdict

    from arena.cli_report import (
        comparison_json,
        cross_table,
        cycle_lines,
        forfeits_table,
        print_json,
        round_json,
        show,
        standings_table,
    )
    from arena.comparison import compare
    from arena.runner import round_to_show
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        row = round_to_show(storage, number)
        entries, duels = storage.entries(row.number), storage.duels(row.number)
        forfeits = storage.forfeits(row.number)
        results = storage.results(row.number)
    compared = compare([entry.id for entry in entries], results)
    if as_json:
        found = [asdict(forfeit) for forfeit in forfeits]
        more = {"forfeits": found, "comparison": comparison_json(entries, compared)}
        print_json(round_json(row, entries, duels) | more)
        return
    click.echo(f"round {row.number}, {row.status}: {row.duels_done} of {row.duels_total} duels")
    show("", standings_table(entries, compared))
    if len(entries) <= MOST_IN_CROSS_TABLE:
        show("", cross_table(entries, duels))
    if compared.cycles:
        show("", *cycle_lines(entries, compared))
    if forfeits:
        show("", forfeits_table(forfeits))
