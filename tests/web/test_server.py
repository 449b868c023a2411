"""Visitors who dawdle, and garbage."""

import gc
import io
import socket
import time
import urllib.request
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.web.site import Site, serving
from web import connections

PATIENCE_SECONDS = 60.0
SHORT_SECONDS = 0.5


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path) as running:
        yield running


def answer_to(site: Site, said: bytes) -> bytes:
    """Everything that is answered to what is said, until the server hangs up."""
    address = urlsplit(site.url)
    with socket.create_connection((address.hostname, address.port), PATIENCE_SECONDS) as line:
        line.sendall(said)
        heard = b""
        while part := line.recv(4096):
            heard += part
    return heard


def test_a_request_that_does_not_come_to_its_end_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(connections, "HEAD_SECONDS", SHORT_SECONDS)
        assert answer_to(site, b"") == b""
        assert answer_to(site, b"GET / HTT") == b""
        slow = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
        assert answer_to(site, slow).startswith(b"HTTP/1.1 400 ")
    with urllib.request.urlopen(site.url + "/healthz", timeout=PATIENCE_SECONDS) as answer:
        assert answer.status == 200


def test_a_body_that_does_not_come_to_its_end_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connections, "BODY_SECONDS", SHORT_SECONDS)
    said = b"POST /api/v1/miners HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc"
    assert answer_to(site, said).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_was_refused_and_does_not_come_to_its_end_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connections, "BODY_SECONDS", SHORT_SECONDS)
    said = b"POST /api/v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc"
    heard: list[bytes] = []
    address = urlsplit(site.url)
    with socket.create_connection((address.hostname, address.port), PATIENCE_SECONDS) as line:
        line.sendall(said)
        line.settimeout(0.1)
        while not heard or heard[-1]:  # until the server hangs up
            with suppress(TimeoutError, ConnectionError):
                heard.append(line.recv(4096))
            with suppress(ConnectionError):
                line.sendall(b"x")  # else the sender stalls
    assert heard[0].startswith(b"HTTP/1.1 401 ")


def test_what_comes_behind_a_body_that_was_refused_is_answered(site: Site):
    body = bytes(1024 * 1024)
    head = "POST /api/v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Length: "
    behind = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    heard = answer_to(site, f"{head}{len(body)}\r\n\r\n".encode() + body + behind)
    assert heard.startswith(b"HTTP/1.1 401 ")
    assert b"HTTP/1.1 200 " in heard


def test_a_body_that_is_too_long_is_not_read(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connections, "SHORT_BODY_BYTES", 10)
    said = b"POST /api/v1/miners HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world"
    assert answer_to(site, said).startswith(b"HTTP/1.1 413 ")


def test_a_long_body_is_kept_only_where_a_model_is_sent_by_somebody_known(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    written = []

    class Counting(io.BytesIO):
        def write(self, part: Any) -> int:
            written.append(len(part))
            return super().write(part)

    monkeypatch.setattr(connections.tempfile, "SpooledTemporaryFile", lambda _size: Counting())
    body = bytes(1024 * 1024)

    def sent(path: str, header: str = "X-Nothing: x") -> tuple[bytes, int]:
        written.clear()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n"
        said = f"{head}Content-Length: {len(body)}\r\n\r\n".encode()
        return answer_to(site, said + body).split()[1], sum(written)

    submissions = "/api/v1/submissions"
    made_up = f"tron_{'0' * 12}_{'A' * 43}"
    assert sent(submissions) == (b"401", 0)
    assert sent(submissions, "Authorization: Bearer x") == (b"401", 0)
    assert sent(submissions, f"Authorization: Bearer {made_up}") == (b"401", 0)
    assert sent("/submit") == (b"403", 0)
    assert sent("/submit", "Cookie: tron=made-up") == (b"403", 0)
    status, kept = sent("/api/v1/miners", "Authorization: Bearer x")
    assert (status, kept <= connections.SHORT_BODY_BYTES) == (b"413", True)
    _, token = site.services.miners.register("ann", "127.0.0.1")
    known = f"Authorization: Bearer {token}\r\nContent-Type: application/octet-stream"
    assert sent(submissions, known) == (b"202", len(body))


def test_what_is_garbage_is_found_soon_by_the_site_itself(tmp_path: Path):
    class Loop:
        def __init__(self) -> None:
            self.itself = self

    with serving(tmp_path):
        until = time.monotonic() + PATIENCE_SECONDS
        while gc.isenabled():
            assert time.monotonic() < until
            time.sleep(0.01)
        gone = weakref.ref(Loop())
        while gone() is not None:
            assert time.monotonic() < until
            time.sleep(0.01)
    assert gc.isenabled()
