"""The bundled front end: which hashed file stands for which source."""

import json
from pathlib import Path
from typing import Final

from web.errors import WebError

DIST: Final = Path(__file__).parent / "static" / "dist"


class AssetError(WebError, LookupError):
    """The front end was not built, or a page names a file that is not in it."""


class Assets:
    """The manifest that `web/build.mjs` wrote; read again whenever it is rebuilt.

    Args:
        dist: the folder of the bundle.
    """

    def __init__(self, dist: Path = DIST) -> None:
        self._manifest = dist / "manifest.json"
        self._read_at = -1
        self._names: dict[str, str] = {}

    def path(self, source: str) -> str:
        """Return the path under ``static`` of the built ``source``, such as ``js/play.js``.

        Raises:
            AssetError: it is not there; the message says how to build it.
        """
        try:
            written = self._manifest.stat().st_mtime_ns
            if written != self._read_at:
                self._names = json.loads(self._manifest.read_text(encoding="utf-8"))
                self._read_at = written
        except OSError as error:
            raise AssetError(
                f"the front end is not built ({self._manifest} is missing); "
                "install the package, or run: node web/build.mjs"
            ) from error
        if source not in self._names:
            raise AssetError(f"the front end has no {source}")
        return f"dist/{self._names[source]}"
