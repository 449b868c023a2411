"""The `tron` command: a group whose subcommands are found by entry point and loaded on use."""

import os
import sys
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from typing import ClassVar

import click

from tron_env.errors import TronArenaError

COMMAND_GROUP = "tron.commands"


class LazyGroup(click.Group):
    """Finds commands, beside those that were added to it, in an entry-point group.

    Command modules import only click at their top, so that listing them all stays instant.
    """

    entry_points: ClassVar[str] = COMMAND_GROUP

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, added and installed."""
        return sorted({*super().list_commands(ctx), *_installed(ctx, self.entry_points).names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command, or return None where no package has it.

        One that cannot be loaded says so in its place, and leaves the others usable.
        """
        added = super().get_command(ctx, cmd_name)
        if added is not None:
            return added
        found = _installed(ctx, self.entry_points)
        if cmd_name not in found.names:
            return None
        entry: EntryPoint = found[cmd_name]
        try:
            command: click.Command = entry.load()
        except Exception as error:  # noqa: BLE001  (third parties' modules may raise anything)
            return _broken(cmd_name, entry, error)
        return command


def _installed(ctx: click.Context, group: str) -> EntryPoints:
    """Return the commands there are; the search takes milliseconds and serves one invocation."""
    if group not in ctx.meta:
        ctx.meta[group] = entry_points(group=group)
    found: EntryPoints = ctx.meta[group]
    return found


def _broken(name: str, entry: EntryPoint, error: Exception) -> click.Command:
    """Return a command that only tells why the one of that name cannot be loaded."""
    reason = f"{type(error).__name__}: {error}"

    @click.command(
        name,
        help=f"Cannot be loaded: {reason}",
        context_settings={"ignore_unknown_options": True},
        add_help_option=False,
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def tell(arguments: tuple[str, ...]) -> None:
        raise click.ClickException(f"`tron {name}` ({entry.value}) cannot be loaded: {reason}")

    return tell


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for all state [default: $TRON_HOME, else the platform's data folder].",
)
@click.version_option(package_name="tron-arena")
def tron(home: Path | None) -> None:
    """Train, pit, watch and fight Tron (light-cycle) agents."""
    if home is not None:
        os.environ["TRON_HOME"] = str(home.resolve())


def main() -> None:
    """Run `tron`; expected errors end with a message and status 1, usage errors with 2.

    A command may also end with ``ctx.exit(status)``.
    """
    try:
        status = tron.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("aborted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except TronArenaError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    if isinstance(status, int):
        sys.exit(status)
