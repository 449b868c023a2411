"""`tron doctor`: what this machine has and lacks."""

import sys

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Say what this machine has and lacks, one line each, and what to do.

    The exit status is 1 if something that is needed does not work.
    """
    from dataclasses import asdict

    from arena.cli_report import print_json
    from arena.doctor import State, examine

    findings = examine()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            line = f"{finding.state:6} {finding.name:15} {finding.detail}"
            click.echo(f"{line}: {finding.advice}" if finding.advice else line)
    if any(finding.state is State.FAILS for finding in findings):
        sys.exit(1)
