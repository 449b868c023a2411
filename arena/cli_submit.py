"""`tron submit`: into the open round here, or on a server."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arena.cli_terms import JSON_OPTION

if TYPE_CHECKING:
    from arena.remote import Remote, RemoteSubmission
    from arena.settings import Settings

POLL_SECONDS = 0.5
WAITING = ("received", "checking")
ACCEPTED = ("accepted", "entered")


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="What it plays as; the latest valid file counts.")
@click.option("--server", help="Address of a Tron Arena; without it the round is the one here.")
@click.option(
    "--token",
    envvar="TRON_TOKEN",
    help="Your token there [default: $TRON_TOKEN, else the one kept in the home folder; "
    "where there is none, the name is registered].",
)
@JSON_OPTION
def submit(model: Path, name: str, server: str | None, token: str | None, as_json: bool) -> None:
    """Enter MODEL, an ONNX file, into the open round, here or on a server.

    It is checked first, as by `tron validate`; a rejected file ends with status 1.
    """
    from arena.settings import load_settings

    settings = load_settings()
    if server is None:
        _submit_here(settings, model, name, as_json)
    else:
        _submit_there(settings, model, name, server, token, as_json)


def _submit_here(settings: "Settings", model: Path, name: str, as_json: bool) -> None:
    from dataclasses import asdict

    from arena import rounds
    from arena.cli_report import print_json
    from arena.limits import Limits, read_model
    from arena.models import ModelStore
    from arena.storage import open_storage
    from tron_env.cli_progress import steps_shown

    limits = Limits()
    content = read_model(model, limits)
    with open_storage(settings) as storage, steps_shown(f"checking {model.name}") as tell:
        row, verdict = rounds.submit(
            storage, ModelStore(settings.models), content, name, limits=limits, progress=tell
        )
    if as_json:
        print_json(asdict(row) | {"verdict": asdict(verdict)})
    elif not row.reason:
        click.echo(f"{row.name} is in round {row.round} (submission {row.id}, {row.sha256[:12]})")
    else:
        click.echo(f"{row.name} is rejected: {row.reason}", err=True)
    if row.reason:
        sys.exit(1)


def _submit_there(
    settings: "Settings", model: Path, name: str, server: str, token: str | None, as_json: bool
) -> None:
    from dataclasses import asdict

    from arena.cli_report import print_json
    from arena.limits import Limits, check_size, read_model
    from arena.remote import Remote, RemoteError
    from tron_env.cli_progress import progress_shown

    limits = Limits()
    content = read_model(model, limits)
    check_size(content, limits)
    Remote(server).reach(lambda text: click.echo(text, err=True))
    remote = Remote(server, token or _kept_token(settings, server, name))
    known = remote.miner()
    if known.name != name:
        raise RemoteError(f"this token is {known.name}'s, not {name}'s")
    with progress_shown(f"sending {model.name}", "bytes") as tell:
        row = remote.submit(content, tell if sys.stderr.isatty() else None)
    row = _followed(remote, row)
    if as_json:
        print_json(asdict(row))
    else:
        _show(row, remote.server)
    if row.state not in ACCEPTED:
        sys.exit(1)


def _kept_token(settings: "Settings", server: str, name: str) -> str:
    """Return the token kept for a name on a server; register the name where there is none."""
    from arena.credentials import Credentials
    from arena.remote import Remote

    remote = Remote(server)
    kept = Credentials(settings.home)
    token = kept.token(remote.server, name)
    if token is None:
        token = remote.register(name)
        kept.keep(remote.server, name, token)
        click.echo(f"{name} is registered at {remote.server}; token kept in {kept.path}", err=True)
    return token


def _followed(remote: "Remote", row: "RemoteSubmission") -> "RemoteSubmission":
    """Wait for the verdict, telling the place in the queue."""
    import time

    from tron_env.cli_progress import steps_shown

    with steps_shown(f"submission {row.id}") as tell:
        told = ""
        while row.state in WAITING:
            place = f"place {row.place} in the queue"
            step = "being checked" if row.state == "checking" else place
            if step != told:
                told = step
                tell(step)
                if not sys.stderr.isatty():
                    click.echo(f"submission {row.id}: {step}", err=True)
            time.sleep(POLL_SECONDS)
            row = remote.submission(row.id)
    return row


def _show(row: "RemoteSubmission", server: str) -> None:
    from arena.cli_validate import show_checks, show_trial

    if row.verdict is not None:
        show_checks(row.verdict.checks)
    if row.trial is not None:
        show_trial(row.trial)
    page = f"{server}/submissions/{row.id}"
    if row.state in ACCEPTED:
        click.echo(f"{row.name} is in round {row.round} (submission {row.id}, {page})")
    else:
        why = row.reason or "a later submission took its place"
        click.echo(f"{row.name} is {row.state}: {why} ({page})", err=True)
