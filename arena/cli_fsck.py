"""`tron fsck`: checks everything that is stored against itself."""

import sys

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def fsck(as_json: bool) -> None:
    """Check the database: play every replay again, and compare results, tables and files.

    Only reads. The exit status is 1 if anything is wrong.
    """
    from dataclasses import asdict

    from arena.cli_report import print_json
    from arena.fsck import check_all
    from arena.models import ModelStore
    from arena.settings import load_settings
    from arena.storage import open_storage
    from tron_env.cli_progress import progress_shown

    settings = load_settings()
    with open_storage(settings) as storage, progress_shown("checking", "games") as tell:
        report = check_all(storage, ModelStore(settings.models), tell)
    if as_json:
        print_json(asdict(report))
    else:
        for finding in report.findings:
            click.echo(f"{finding.where}: {finding.what}")
        wrong = len(report.findings)
        click.echo(
            f"{report.rounds} rounds, {report.duels} duels, {report.games} games and "
            f"{report.models} models checked: "
            + (f"{wrong} things are wrong" if wrong else "nothing is wrong")
        )
    if report.findings:
        sys.exit(1)
