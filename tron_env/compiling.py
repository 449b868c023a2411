"""How kernels are compiled, and where they are kept.

Compiled kernels lie in ``kernels`` in the home folder, or in ``$TRON_KERNELS``, in a folder named
by the source of all kernels that may have been compiled into one another, and of what they import:
Numba itself looks at the file of the outermost alone, and would go on using an old rule or an old
constant compiled into a new loop.

The first process that compiles puts the folder it found into ``TRON_KERNELS``, so that workers use
the same one. Where the folder cannot be written, kernels are kept in a temporary one until the
process ends, and a warning says so, once. Where a folder is made, those of older sources that
nothing has used for a day are removed, all but the last few.
"""

import atexit
import hashlib
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import numba
from numba.core import config
from numba.core.registry import CPUDispatcher

logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "TRON_KERNELS"

KEPT_FOLDERS: Final = 4
"""Of each package; who goes back to another version finds its kernels still there."""
UNUSED_S: Final = 24 * 3600

_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from|import)[ \t]+([\w.]+)(?:[ \t]+import[ \t]+(\([^)]*\)|.*))?", re.MULTILINE
)
_NAME: Final = re.compile(r"\w+")

Function = TypeVar("Function", bound=Callable[..., Any])
Result = TypeVar("Result")

_BORROWED: dict[str, Any] = (
    {"_nrt": False} if hasattr(CPUDispatcher.targetdescr.options, "_nrt") else {}
)


def njit(**options: Any) -> Callable[[Function], Function]:
    """Compile as ``numba.njit(cache=True, ...)`` does, and keep the result in the kernel folder."""

    def decorate(function: Function) -> Function:
        with _kept_in(kernel_folder(function.__module__)):
            compiled: Function = numba.njit(cache=True, **options)(function)
        return compiled

    return decorate


def kernel(function: Callable[..., Result]) -> Callable[..., Result]:
    """Compile a function that allocates nothing, without Numba's reference counting.

    Counting references to arrays that the caller holds anyway costs more than the work itself:
    with it a duel ply takes 150 ns instead of 48. A kernel may cut and view the arrays that it is
    given, but neither make new ones nor return any.
    """
    return njit(**_BORROWED)(function)


def part(function: Callable[..., Result]) -> Callable[..., Result]:
    """Compile a function that becomes a part of each kernel that calls it."""
    return njit(inline="always", **_BORROWED)(function)


def kernel_folder(module: str) -> Path:
    """Return where the kernels of ``module`` are kept; it exists and can be written."""
    return _package_kernels(module.partition(".")[0])


@cache
def _package_kernels(package: str) -> Path:
    folder = _root() / f"{package}-{source_digest(package)}"
    if not folder.exists():
        _remove_unused(_root().glob(f"{package}-*"))
    folder.mkdir(exist_ok=True)
    os.utime(folder)
    return folder


def _remove_unused(folders: Iterable[Path]) -> None:
    """Remove folders that no process took up lately; one that still runs compiles again."""
    with suppress(OSError):
        by_use = sorted((folder.stat().st_mtime, folder) for folder in folders)
        for used, folder in by_use[:-KEPT_FOLDERS]:
            if time.time() - used > UNUSED_S:
                shutil.rmtree(folder, ignore_errors=True)


@cache
def source_digest(package: str) -> str:
    """Return 16 hexadecimal digits that change with any kernel of ``package`` or of this one.

    What kernels import counts too, as its constants are compiled into them; the rest does not, so
    that work on a command or a test of training leaves compiled kernels alone.
    """
    digest = hashlib.sha256()
    for module, source in sorted(kernel_sources(package).items()):
        digest.update(module.encode() + b"\0" + source)
    return digest.hexdigest()[:16]


def kernel_sources(package: str) -> dict[str, bytes]:
    """Return the source of each module with kernels and of all that these import, by name.

    Of ``package`` and of this one; what they import from others is not looked at.
    """
    sources = {
        _module_name(name, path.relative_to(folder)): path.read_bytes()
        for name in (package, "tron_env")
        if (folder := _package_folder(name)) is not None
        for path in folder.rglob("*.py")
    }
    imports = {module: set(_imports(module, source)) for module, source in sources.items()}
    found: dict[str, bytes] = {}
    waiting = [module for module, names in imports.items() if names & {"numba", __name__}]
    while waiting:
        module = waiting.pop()
        for name in {module, f"{module}.__init__"} & sources.keys() - found.keys():
            found[name] = sources[name]
            waiting.extend(imports[name])
    return found


def _imports(module: str, source: bytes) -> Iterator[str]:
    """Name what a module's source imports, and each name it takes from there: it may be a module.

    A pattern instead of a parser, which would make every command start a tenth of a second later;
    a comment or a text that reads as an import only adds a module.
    """
    parent = module.rpartition(".")[0]
    for base, names in _IMPORT.findall(source.decode()):
        up = len(base) - len(base.lstrip("."))
        start = ".".join(parent.split(".")[: 1 - up or None]) + "." if up else ""
        origin = (start + base[up:]).rstrip(".")
        yield origin
        yield from (f"{origin}.{name}" for name in _NAME.findall(names))


def _module_name(package: str, path: Path) -> str:
    """Return the dotted name of a file in a package; a folder's own file is its ``__init__``."""
    return ".".join((package, *path.with_suffix("").parts))


def _package_folder(name: str) -> Path | None:
    """Return the folder of an imported package; a single module or a notebook has none."""
    found = getattr(sys.modules.get(name), "__file__", None)
    path = Path(found) if found else None
    return path.parent if path is not None and path.name == "__init__.py" else None


@cache
def _root() -> Path:
    given = os.environ.get(FOLDER_VARIABLE)
    folder = Path(given) if given else _home() / "kernels"
    try:
        if not given:  # a new home is its owner's alone: secrets and models will be kept there
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        logger.warning(
            "compiled kernels cannot be kept in %s (%s); this run compiles its own", folder, error
        )
        folder = Path(tempfile.mkdtemp(prefix="tron-kernels-"))
        atexit.register(_remove, folder, os.getpid())
    os.environ[FOLDER_VARIABLE] = str(folder.absolute())
    return folder.absolute()


def _remove(folder: Path, owner: int) -> None:
    """Remove the folder of this run, unless this is a child that inherited the task by fork."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _home() -> Path:
    given = os.environ.get("TRON_HOME")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_data_path

    return user_data_path("tron-arena", appauthor=False)


@contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    """Have Numba keep what is decorated meanwhile in ``folder``."""
    before = config.CACHE_DIR  # type: ignore[attr-defined]
    config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        config.CACHE_DIR = before  # type: ignore[attr-defined]
