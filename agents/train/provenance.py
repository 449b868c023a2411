"""Where a model comes from: what was done, and the commit of this project that was running."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Stage:
    """One command that weights went through, for its card."""

    command: str
    summary: str
    """What it did, in a sentence."""
    seed: int
    steps: int
    """Plies of self-play, positions learned from, or steps of the optimiser."""
    seconds: float
    """Of wall clock, over all resumptions."""
    commit: str
    """Of this project, "unknown" outside a checkout."""


def commit() -> str:
    """Return the short commit of the checkout that this code lies in, "+" behind it where changed.

    Installed from a package, or without git, it is "unknown"; where git knows the commit and cannot
    tell what has changed, "?" stands behind it.
    """
    folder = Path(__file__).parent
    found = _git(folder, "rev-parse", "--short", "HEAD")
    if not found:
        return UNKNOWN
    changed = _git(
        folder, "status", "--porcelain", "--untracked-files=no", "--", "..", "../../tron_env"
    )
    if changed is None:
        return f"{found}?"
    return f"{found}+" if changed else found


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git says, or None where it fails."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
