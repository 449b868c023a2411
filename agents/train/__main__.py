"""`python -m agents.train COMMAND`: this package's commands, `evaluate` among them."""

import click

from agents.train.cli import evaluate, export, train
from agents.train.cli_distill import distill
from agents.train.cli_imitate import imitate
from tron_env.errors import TronArenaError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Train, export and measure policies."""


for command in (train, distill, imitate, export, evaluate):
    commands.add_command(command)

if __name__ == "__main__":
    try:
        commands()
    except TronArenaError as error:
        raise SystemExit(f"error: {error}") from error
