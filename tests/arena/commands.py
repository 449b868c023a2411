"""Commands as a person types them, in this process."""

import json
from typing import Any

from click.testing import CliRunner, Result

from tron_env.cli import tron


def run(*arguments: object, status: int = 0) -> Result:
    """Run `tron` with arguments; demand its exit status, and raise what it did not catch."""
    result = CliRunner().invoke(tron, [str(argument) for argument in arguments])
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    assert result.exit_code == status, result.output
    return result


def as_json(*arguments: object, status: int = 0) -> Any:
    """Run `tron` and read what it prints with `--json`."""
    return json.loads(run(*arguments, "--json", status=status).stdout)
