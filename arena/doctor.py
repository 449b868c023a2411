"""What this machine has and lacks for tron-arena, and what to do about it."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from agents.zoo import DEFAULT_CHAMPION, shipped_model
from arena.confinement import LAYER_TEXT, available_layers
from arena.sandbox import SandboxedModel
from arena.settings import load_settings, usable_cores
from arena.storage import open_storage
from tron_env.errors import TronArenaError

PACKAGES: Final = ("tron_env", "replays", "agents", "arena", "web")
EXTRAS: Final = {
    "train": ("torch", "training networks"),
    "cluster": ("ray", "rounds on several machines"),
    "video": ("imageio_ffmpeg", "films of replays"),
}
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "firefox")
ROOT: Final = Path(__file__).resolve().parents[1]


class State(StrEnum):
    """How something is."""

    OK = "ok"
    LACKS = "lacks"
    """Something optional is not there."""
    FAILS = "FAILS"
    """Something needed does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    detail: str
    advice: str = ""
    """What to do; empty where nothing has to be done."""


def examine(environ: Mapping[str, str] = os.environ) -> tuple[Finding, ...]:
    """Look at everything; starts one sandboxed model, and makes the home if there is none."""
    looked: tuple[Callable[[Mapping[str, str]], Finding], ...] = (
        *(_packages, _home, _database, _layers, _sandbox, _display, _browser),
    )
    extras = (_extra(extra, module, use) for extra, (module, use) in EXTRAS.items())
    return (*(look(environ) for look in looked), *extras)


def hidden_packages(root: Path = ROOT) -> dict[str, str]:
    """Return which of our packages are found elsewhere than beside this one, and where."""
    found = {}
    for name in PACKAGES:
        spec = find_spec(name)
        place = "nowhere" if spec is None or spec.origin is None else spec.origin
        if Path(place).parent.parent != root:
            found[name] = place
    return found


def _packages(_environ: Mapping[str, str]) -> Finding:
    hidden = hidden_packages()
    if hidden:
        detail = ", ".join(f"{name} is {place}" for name, place in hidden.items())
        advice = "another distribution has a package of that name; install into a new environment"
        return Finding("packages", State.FAILS, detail, advice)
    return Finding("packages", State.OK, f"all in {ROOT}")


def _home(environ: Mapping[str, str]) -> Finding:
    try:
        settings = load_settings(environ)
    except TronArenaError as error:
        return Finding("settings", State.FAILS, str(error), "mend the setting named")
    if not os.access(settings.home, os.W_OK):
        advice = "give it to this user, or name another folder in TRON_HOME"
        return Finding("settings", State.FAILS, f"{settings.home} cannot be written to", advice)
    free = shutil.disk_usage(settings.home).free / 2**30
    detail = f"home {settings.home}, {free:.0f} GB free; {usable_cores()} cores"
    return Finding("settings", State.OK, detail)


def _database(environ: Mapping[str, str]) -> Finding:
    try:
        with open_storage(load_settings(environ)) as storage:
            detail = f"{storage.engine.dialect.name}, {len(storage.rounds())} rounds"
    except TronArenaError as error:
        advice = "see TRON_HOME and TRON_DATABASE_URL"
        return Finding("database", State.FAILS, str(error), advice)
    return Finding("database", State.OK, detail)


def _layers(_environ: Mapping[str, str]) -> Finding:
    there = available_layers()
    lacking = [text for layer, text in LAYER_TEXT.items() if layer not in there]
    if lacking:
        advice = "take only models that you trust, or use a newer Linux kernel"
        return Finding("sandbox layers", State.LACKS, f"not here: {'; '.join(lacking)}", advice)
    return Finding("sandbox layers", State.OK, "; ".join(LAYER_TEXT.values()))


def _sandbox(_environ: Mapping[str, str]) -> Finding:
    try:
        content = shipped_model(DEFAULT_CHAMPION).path.read_bytes()
        with SandboxedModel(content, max_batch=1) as model:
            model.start()
    except (TronArenaError, OSError) as error:
        advice = "models cannot be run here; Linux with pidfd and memfd is needed"
        return Finding("sandbox", State.FAILS, str(error), advice)
    return Finding("sandbox", State.OK, f"runs the shipped model {DEFAULT_CHAMPION}")


def _display(environ: Mapping[str, str]) -> Finding:
    name = environ.get("WAYLAND_DISPLAY") or environ.get("DISPLAY")
    if name:
        return Finding("display", State.OK, name)
    advice = "no window can be opened here; play in a browser by `tron up`"
    return Finding("display", State.LACKS, "none", advice)


def _browser(environ: Mapping[str, str]) -> Finding:
    found = next(filter(None, (shutil.which(b, path=environ.get("PATH")) for b in BROWSERS)), None)
    if found:
        return Finding("browser", State.OK, found)
    advice = "open the site from another machine by `tron up --host`; tests need Chromium"
    return Finding("browser", State.LACKS, "none", advice)


def _extra(extra: str, module: str, use: str) -> Finding:
    if find_spec(module) is not None:
        return Finding(f"extra {extra}", State.OK, f"{module}, for {use}")
    advice = f"pip install 'tron-arena[{extra}]'"
    return Finding(f"extra {extra}", State.LACKS, f"no {module}, for {use}", advice)
