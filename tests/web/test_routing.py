"""Which process answers what: every address of the site is asked."""

from io import BytesIO
from urllib.parse import unquote

import pytest
from flask import Flask, request
from gevent.pywsgi import WSGIHandler

from arena.settings import load_settings
from web.app import create_app
from web.config import WebConfig
from web.routing import Side, side_of

COUNTED = {"watch.council", "watch.deepen"}
"""Views that count how often one visitor asks, beside films, which are one form of download."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    settings = load_settings({"TRON_HOME": str(tmp_path_factory.mktemp("home"))})
    return create_app(WebConfig(settings, "a key for tests only", capacity=1))


def expected(endpoint: str, method: str) -> Side:
    if endpoint.startswith("operations.") or endpoint in ("people.live_games", "socket.io"):
        return Side.LIVE
    return Side.DESK if endpoint in COUNTED or method not in ("GET", "HEAD") else Side.PAGES


def test_every_address_is_answered_where_what_it_needs_is(app: Flask):
    for rule in app.url_map.iter_rules():
        url = "".join("7" if is_dynamic else part for is_dynamic, part in rule._trace)
        path = url.removeprefix("|")
        for method in rule.methods or ():
            line = f"{method} {path}?a=1 HTTP/1.1".encode()
            assert side_of(line) is expected(rule.endpoint, method), line


@pytest.mark.parametrize("upgrade", [{}, {"Connection": "Upgrade", "Upgrade": "websocket"}])
def test_requests_of_socket_io_are_known_to_flask(app: Flask, upgrade: dict[str, str]):
    with app.test_request_context("/socket.io/?EIO=4", headers=upgrade):
        assert request.routing_exception is None


def test_what_only_looks_like_socket_io_is_not_here(app: Flask):
    written = {"PATH_INFO": "//socket.io/"}
    assert app.test_client().get("/", environ_overrides=written).status_code == 404


def test_films_are_drawn_where_they_are_counted_and_other_downloads_anywhere():
    assert side_of(b"GET /replays/12/file.gif HTTP/1.1") is Side.DESK
    assert side_of(b"GET /replays/12/file.json HTTP/1.1") is Side.PAGES


@pytest.mark.parametrize(
    "path",
    [
        b"/%73ocket.io/?EIO=4",
        b" /socket.io/",
        b"/socket.io/",
        b"/%6Detrics",
        b"/metrics?x",
        b"/metrics\r\n",
    ],
)
def test_an_address_is_the_same_however_it_is_written(path: bytes):
    assert side_of(b"GET " + path) is Side.LIVE


AS_WRITTEN = (
    *("{} {} HTTP/1.1", "{}  {} HTTP/1.1", "{}\t{}\tHTTP/1.1", " {} {} HTTP/1.1\r"),
    *("{}\xa0{} HTTP/1.1", "{}\x0b{}\x0cHTTP/1.1", "{} /{} HTTP/1.1", "{} ///{}?x HTTP/1.0"),
)


@pytest.mark.parametrize("form", AS_WRITTEN)
@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/live/games.json", "/replays/7/council"])
def test_a_line_is_taken_apart_as_the_server_and_the_site_do(app: Flask, form: str, path: str):
    """What the server makes of the line, and the site of that, is asked, not assumed."""
    line = form.format("GET", path)
    handler = WSGIHandler(None, None, None, BytesIO(b"\r\n"))
    assert handler.read_request(line)
    taken = unquote(handler.path.partition("?")[0])
    endpoint, _ = app.url_map.bind("tron").match(taken, handler.command)
    assert side_of(line.encode("latin-1")) is expected(endpoint, handler.command)


@pytest.mark.parametrize("line", [b"", b"GET", b"GET ", b"\x16\x03\x01", b"GET /" + b"x" * 2000])
def test_nonsense_is_for_the_pages_to_refuse_or_for_the_desk(line: bytes):
    assert side_of(line) in (Side.PAGES, Side.DESK)
