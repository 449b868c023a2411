"""Who sends a model: asked before its long body is read, so that only the known may send one."""

import io
from collections.abc import Callable
from typing import Any, Final

from flask import Flask
from werkzeug.exceptions import HTTPException

from arena.errors import DatabaseAwayError
from web.interface import PREFIX, asker
from web.miner_pages import logged_in

UPLOADS: Final[dict[str, Callable[[], object]]] = {
    "/submit": logged_in,
    f"{PREFIX}/submissions": asker,
}
"""Where models are sent to, and what finds out by whom, or aborts."""


def is_upload(environ: dict[str, Any]) -> bool:
    """Whether a request brings a model."""
    return environ["REQUEST_METHOD"] == "POST" and _path(environ) in UPLOADS


def is_known(app: Flask, environ: dict[str, Any]) -> bool:
    """Whether the site knows who sends a model; the view goes on to answer either way."""
    with app.request_context(environ | {"wsgi.input": io.BytesIO()}):
        try:
            UPLOADS[_path(environ)]()
        except HTTPException:
            return False
        except DatabaseAwayError:  # of which the view tells
            return True
    return True


def _path(environ: dict[str, Any]) -> str:
    return "/" + str(environ["PATH_INFO"]).lstrip("/")
