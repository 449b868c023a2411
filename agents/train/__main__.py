"""`python -m agents.train train|export|evaluate`: this package's commands without the rest."""

import click

from agents.train.cli import evaluate, export, train
from tron_env.errors import TronArenaError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Train, export and measure policies."""


for command in (train, export, evaluate):
    commands.add_command(command)

if __name__ == "__main__":
    try:
        commands()
    except TronArenaError as error:
        raise SystemExit(f"error: {error}") from error
