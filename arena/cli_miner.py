"""`tron miner`: whom the operator knows, invites, hides and shuts out."""

from typing import TYPE_CHECKING

import click

from arena.cli_terms import JSON_OPTION

if TYPE_CHECKING:
    from arena.stored_miners import MinerRow

NAME = click.argument("name")


@click.group()
def miner() -> None:
    """Show, invite, hide and shut out those who submit over the network."""


@miner.command("list")
@JSON_OPTION
def list_(as_json: bool) -> None:
    """List all miners, oldest first, and say whose token was revoked and who never had one."""
    from dataclasses import asdict

    from arena.cli_report import print_json
    from arena.settings import load_settings
    from arena.storage import open_storage
    from arena.stored_miners import TokenState

    with open_storage(load_settings()) as storage:
        rows, states = storage.miners(), storage.token_states()
    if as_json:
        print_json(
            [
                asdict(row) | {"shown": row.shown, "token": states.get(row.id, TokenState.NONE)}
                for row in rows
            ]
        )
        return
    told = {TokenState.REVOKED: "token revoked", TokenState.NONE: "no token"}
    for row in rows:
        notes = [told.get(states.get(row.id, TokenState.NONE), "")]
        if row.hidden:
            notes.append(f"hidden, shown as {row.shown}")
        note = "; ".join(filter(None, notes))
        click.echo(f"{row.id:>6}  {row.name:32}  {row.created_at:%Y-%m-%d}  {note}".rstrip())
    if not rows:
        click.echo("no miners yet; `tron miner invite NAME` makes one")


@miner.command()
@NAME
@JSON_OPTION
def invite(name: str, as_json: bool) -> None:
    """Register NAME and print its token, once; hand it over in private.

    Works whatever TRON_REGISTRATION says, and counts towards no limit.
    """
    from arena.miners import register
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        row, token = register(storage, name)
    _show_token(row, token, as_json)


@miner.command()
@NAME
@JSON_OPTION
def token(name: str, as_json: bool) -> None:
    """Give NAME another token and print it, once; the one before counts no more."""
    from arena.miners import named, new_token
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        row = named(storage, name)
        given = new_token(storage, row)
    _show_token(row, given, as_json)


@miner.command()
@NAME
def revoke(name: str) -> None:
    """Shut NAME out: its token counts no more; what it has entered stays."""
    from arena.miners import named
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        count = storage.revoke_tokens(named(storage, name).id)
    click.echo(f"{name} has no token any more" if count else f"{name} had no token")


@miner.command()
@NAME
def hide(name: str) -> None:
    """Hide the name NAME from everybody, past games included; `show` brings it back.

    Games of a round that is being played now keep the name; hide it once more when it is done.
    """
    _set_hidden(name, hidden=True)


@miner.command()
@NAME
def show(name: str) -> None:
    """Show a hidden NAME again."""
    _set_hidden(name, hidden=False)


def _set_hidden(name: str, *, hidden: bool) -> None:
    from arena.miners import named
    from arena.settings import load_settings
    from arena.storage import open_storage

    with open_storage(load_settings()) as storage:
        row = storage.hide_miner(named(storage, name), hidden=hidden)
    click.echo(f"{row.name} is shown as {row.shown}")


def _show_token(row: "MinerRow", token: str, as_json: bool) -> None:
    from arena.cli_report import print_json

    if as_json:
        print_json({"id": row.id, "name": row.name, "token": token})
    else:
        click.echo(f"The token of {row.name}, shown only now:", err=True)
        click.echo(token)
