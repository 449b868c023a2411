"""What responses and forms carry: security headers, compression, validators, CSRF tokens."""

import gzip
import secrets
from functools import lru_cache
from typing import Final

from flask import Flask, Response, abort, request, session
from flask.sessions import SecureCookieSessionInterface
from markupsafe import Markup

from web.texts import tell

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors {ancestors}"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY.format(ancestors="'none'"),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

TOKEN: Final = "csrf"
"""The session's key and the form's field."""
TOKEN_HEADER: Final = "X-CSRF-Token"
TOKEN_BYTES: Final = 16

COMPRESSED_FROM: Final = 860
"""Bytes; what is smaller fits one packet anyway."""
COMPRESSED: Final = frozenset(
    {
        "application/json",
        "application/octet-stream",
        "application/javascript",
        "image/svg+xml",
        "text/css",
        "text/html",
        "text/javascript",
        "text/plain",
    }
)
LEVEL: Final = 5
FILE_LEVEL: Final = 9


class _Sessions(SecureCookieSessionInterface):
    def get_cookie_secure(self, app: Flask) -> bool:
        """Keep a cookie that https brought from being sent in the clear."""
        return request.is_secure or super().get_cookie_secure(app)


def harden(app: Flask) -> None:
    """Give every response of ``app`` its headers, and its templates ``csrf_field``."""
    app.session_interface = _Sessions()
    app.after_request(_validate)  # the last of these, as they run backwards
    app.after_request(_compress)
    app.after_request(_add_headers)
    app.jinja_env.globals["csrf_field"] = csrf_field
    app.jinja_env.globals["csrf_token"] = csrf_token


def allow_embedding(response: Response) -> Response:
    """Let pages of other sites show this response in a frame."""
    response.headers["Content-Security-Policy"] = POLICY.format(ancestors="*")
    response.headers["X-Frame-Options"] = ""
    return response


def csrf_token() -> str:
    """Return the session's token, drawing it the first time."""
    if TOKEN not in session:
        session[TOKEN] = secrets.token_hex(TOKEN_BYTES)
    return str(session[TOKEN])


def csrf_field() -> Markup:
    """Return the hidden field that every form with an effect holds."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(TOKEN, csrf_token())


def check_csrf() -> None:
    """Refuse a form that this site did not give to this browser; call it first in such a view.

    Raises:
        HTTPException: 403.
    """
    given = request.headers.get(TOKEN_HEADER) or request.form.get(TOKEN, "")
    known = str(session.get(TOKEN, ""))
    if not known or not secrets.compare_digest(given.encode(), known.encode()):
        abort(403, tell("error.forged"))


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.headers["X-Frame-Options"] == "":
        del response.headers["X-Frame-Options"]
    return response


def _compress(response: Response) -> Response:
    """Send text gzipped to browsers that take it; a hashed file is compressed once."""
    if response.mimetype not in COMPRESSED or response.status_code != 200:
        return response
    response.vary.add("Accept-Encoding")
    if not request.accept_encodings.quality("gzip") or response.headers.get("Content-Encoding"):
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) >= COMPRESSED_FROM:
        kept = request.path.startswith("/static/")
        response.set_data(_squeezed(body) if kept else gzip.compress(body, LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("ETag", None)
    return response


def _validate(response: Response) -> Response:
    """Let whoever has this very answer already be told so, instead of it being sent again."""
    whole = not (response.is_streamed or response.direct_passthrough)
    if request.method != "GET" or response.status_code != 200 or not whole:
        return response
    if response.cache_control.no_store:
        return response
    if not response.headers.get("Cache-Control"):
        response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@lru_cache(maxsize=128)
def _squeezed(body: bytes) -> bytes:
    return gzip.compress(body, FILE_LEVEL, mtime=0)
