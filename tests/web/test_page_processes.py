"""Pages answered by processes of their own: real ones, real sockets, and what may befall them."""

import http.client
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import socketio

from arena.background import BackgroundProcess
from arena.settings import load_settings
from tests.web.site import Site, riding, serving
from web import doors, page_processes
from web.config import WebConfig
from web.connections import FIRST_LINE_BYTES
from web.page_process import NICENESS
from web.page_processes import PageProcesses
from web.sockets import LIVE
from web.watch import COUNCIL_RATE

PATIENCE_SECONDS = 120.0
PROCESSES = 2


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(tmp_path_factory.mktemp("home"), page_processes=PROCESSES) as running,
    ):
        patch.setattr(page_processes, "AGAIN_SECONDS", 0.1)
        until(lambda: running.services.pages.ready == PROCESSES)
        yield running


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def pages_of(site: Site) -> list[psutil.Process]:
    """The page processes, the desk first."""
    found = []
    for each in psutil.Process().children():
        with suppress(psutil.Error):  # it ended while we looked
            if page_processes.MODULE in each.cmdline():
                found.append((each.create_time(), each))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]


def address(site: Site) -> tuple[str, int]:
    parts = urlsplit(site.url)
    return str(parts.hostname), int(parts.port or 0)


def status(site: Site, path: str) -> int:
    try:
        with urllib.request.urlopen(site.url + path, timeout=PATIENCE_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@contextmanager
def line_to(site: Site) -> Iterator[socket.socket]:
    with socket.create_connection(address(site), PATIENCE_SECONDS) as line:
        yield line


def holder(site: Site, line: socket.socket) -> psutil.Process | None:
    """The page process that has a connection, if one has."""
    ours = line.getsockname()[1]
    for process in pages_of(site):
        with suppress(psutil.Error):
            if any(
                each.raddr and each.raddr.port == ours for each in process.net_connections("tcp")
            ):
                return process
    return None


def heard(line: socket.socket) -> bytes:
    """Everything until the server hangs up."""
    found = b""
    while part := line.recv(65536):
        found += part
    return found


def request(path: str, *headers: str, method: str = "GET") -> bytes:
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: tron", *headers, "", "")).encode()


def test_pages_are_answered_by_page_processes_and_live_play_is_not(site: Site):
    with line_to(site) as page, line_to(site) as form, line_to(site) as games:
        page.sendall(b"GET /learn HTTP/1.1\r\n")
        form.sendall(b"POST /submit HTTP/1.1\r\n")
        games.sendall(b"GET /live/games.json HTTP/1.1\r\n")
        until(lambda: holder(site, page))
        until(lambda: holder(site, form))
        assert holder(site, form) == pages_of(site)[0], "one of them is the desk"
        games.sendall(b"Host: tron\r\nConnection: close\r\n\r\n")
        assert b'"total":0' in heard(games)
        assert {each.nice() for each in pages_of(site)} == {
            min(psutil.Process().nice() + NICENESS, 19)
        }


def test_pages_come_second_and_an_interrupt_is_not_for_them(site: Site):
    pages = pages_of(site)
    assert pages
    for each in pages:
        assert each.nice() == min(psutil.Process().nice() + NICENESS, 19)
        # Niceness counts among the processes of one session.
        assert os.getsid(each.pid) == os.getsid(0)
        assert os.getpgid(each.pid) != os.getpgid(0)


def test_one_connection_goes_back_and_forth_between_pages_and_a_ride(site: Site):
    """As browsers reuse connections: Socket.IO by polling, pages in between."""
    web = http.client.HTTPConnection(*address(site), timeout=PATIENCE_SECONDS)

    def asked(path: str, body: str | None = None) -> str:
        web.request("GET" if body is None else "POST", path, body)
        answer = web.getresponse()
        assert answer.status == 200, path
        return answer.read().decode()

    assert "Tron Arena" in asked("/learn")
    own = web.sock.getsockname()
    engine = json.loads(asked("/socket.io/?EIO=4&transport=polling")[1:])
    session = f"/socket.io/?EIO=4&transport=polling&sid={engine['sid']}"
    asked("/rounds")
    assert asked(session, f"40{LIVE},") == "OK"
    assert asked(session).startswith(f"40{LIVE},")
    asked("/live/games.json")
    asked("/play")
    join = json.dumps(["join", {"opponent": "zoo/wall-hugger", "speed": 14}])
    assert asked(session, f"42{LIVE},{join}") == "OK"
    seen: Counter[str] = Counter()
    while not seen["stored"]:
        for packet in asked(session).split("\x1e"):
            if packet.startswith("42"):
                seen[json.loads(packet.removeprefix(f"42{LIVE},"))[0]] += 1
        asked("/learn")
    assert seen["tick"] > 10
    assert seen["end"] == 1
    assert web.sock.getsockname() == own, "it was one connection all the way"
    web.close()


def test_the_ordinary_client_rides_by_polling(site: Site):
    client = socketio.Client(reconnection=False)
    seen: list[str] = []
    client.on("*", lambda event, *data: seen.append(event), namespace=LIVE)
    client.connect(
        site.url,
        namespaces=[LIVE],
        transports=["polling"],
        wait_timeout=PATIENCE_SECONDS,
    )
    client.emit("join", {"opponent": "zoo/wall-hugger", "speed": 14}, namespace=LIVE)
    until(lambda: "stored" in seen)
    client.disconnect()


def test_a_first_line_in_pieces_finds_its_way(site: Site):
    with line_to(site) as line:
        for piece in (
            b"G",
            b"ET /hea",
            b"lthz HT",
            b"TP/1.1\r\nHost: tron\r\nConnection: close\r\n\r\n",
        ):
            line.sendall(piece)
            time.sleep(0.05)
        assert heard(line).startswith(b"HTTP/1.1 200 OK")


def test_one_who_hangs_up_in_mid_line_is_let_go(site: Site):
    with line_to(site) as line:
        line.sendall(b"GET /hea")
        time.sleep(0.05)
        line.shutdown(socket.SHUT_WR)
        assert heard(line) == b""


def test_requests_sent_ahead_are_answered_or_have_to_be_asked_again(site: Site):
    close = "Connection: close"
    with line_to(site) as line:
        line.sendall(request("/learn") + request("/rounds", close))
        assert heard(line).count(b"HTTP/1.1 200 OK") == 2
    with line_to(site) as line:
        line.sendall(request("/learn") + request("/healthz", close))
        assert heard(line).count(b"HTTP/1.1") == 1, "never by a process that cannot know"


def test_what_is_for_live_play_is_never_answered_by_a_page_process(site: Site):
    """A page process is never ready for players, so that its answer would be 503."""
    close = "Connection: close"
    with line_to(site) as line:
        line.sendall(b"GET \t//readyz HTTP/1.1\r\nHost: tron\r\nConnection: close\r\n\r\n")
        assert heard(line).startswith(b"HTTP/1.1 200 OK")
    for early, late in ((b"GET /rea", b"dyz HTTP"), (b"", b"GET /readyz HTTP")):
        with line_to(site) as line:
            line.sendall(request("/learn") + early)
            until(lambda line=line: holder(site, line))
            line.sendall(late + b"/1.1\r\nHost: tron\r\nConnection: close\r\n\r\n")
            answers = heard(line).split(b"HTTP/1.1 ")[1:]
            assert answers[0].startswith(b"200 OK")
            assert all(each.startswith(b"200 OK") for each in answers[1:])
    with line_to(site) as line:
        line.sendall(request("/" * FIRST_LINE_BYTES + "readyz", close))
        assert heard(line) == b"", "whose address is out of sight"


def test_a_body_goes_with_its_connection(site: Site):
    with line_to(site) as line:
        line.sendall(request("/learn"))
        assert line.recv(12) == b"HTTP/1.1 200"
        body = b'{"name": "somebody"}'
        line.sendall(
            request(
                "/api/v1/miners",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                "Connection: close",
                method="POST",
            )
        )
        time.sleep(0.05)
        line.sendall(body)
        assert b"201 CREATED" in heard(line)


def test_what_is_counted_is_counted_in_one_place(site: Site):
    with riding(site) as rider:
        game = rider.ride().number
    answers = Counter(
        status(site, f"/replays/{game}/council?ply=0") for _ in range(COUNCIL_RATE.times + 3)
    )
    assert answers == {200: COUNCIL_RATE.times, 429: 3}


def test_a_page_process_that_is_killed_in_mid_request_is_replaced(site: Site):
    with line_to(site) as line:
        line.sendall(request("/miners", "Content-Length: 9", method="POST"))
        until(lambda: holder(site, line))
        desk = pages_of(site)[0]
        assert holder(site, line) == desk
        os.kill(desk.pid, signal.SIGKILL)
        with suppress(ConnectionResetError):
            assert heard(line) == b"", "it is told at once"
    assert status(site, "/rounds") == 200, "the other answers"
    assert status(site, "/readyz") == 200
    assert status(site, "/replays/1/council?ply=9999") == 404, "asked meanwhile, it is answered"
    until(lambda: site.services.pages.ready == PROCESSES)
    assert desk.pid not in {each.pid for each in pages_of(site)}
    assert (
        "tron_page_processes 2.0" in urllib.request.urlopen(site.url + "/metrics").read().decode()
    )


def test_where_no_page_process_is_left_the_process_of_live_play_answers(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page_processes, "AGAIN_SECONDS", PATIENCE_SECONDS)
    before = set(pages_of(site))
    with serving(tmp_path, page_processes=1) as other:
        assert status(other, "/learn") == 200, "though none can have loaded yet"
        until(lambda: other.services.pages.ready)
        (only,) = set(pages_of(site)) - before
        os.kill(only.pid, signal.SIGKILL)
        until(lambda: not other.services.pages.ready)
        assert status(other, "/learn") == 200
        assert status(other, "/replays/1/council?ply=0") == 404


def test_a_page_process_told_to_end_finishes_its_answer(site: Site):
    body = b"name=somebody"
    head = request("/miners", f"Content-Length: {len(body)}", "Connection: close", method="POST")
    with line_to(site) as line:
        line.sendall(head)
        until(lambda: holder(site, line))
        desk = pages_of(site)[0]
        desk.terminate()
        time.sleep(0.1)
        line.sendall(body)
        assert heard(line).startswith(b"HTTP/1.1 403 ")
    until(lambda: not desk.is_running())
    until(lambda: site.services.pages.ready == PROCESSES)


def test_where_all_page_processes_hang_visitors_are_told_and_others_take_their_place(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(doors, "WAIT_SECONDS", 0.2)
    hung = pages_of(site)
    for each in hung:
        each.suspend()
    with ExitStack() as opened:
        lines = []
        while "it is refused" not in caplog.text:
            lines.append(opened.enter_context(line_to(site)))
            lines[-1].sendall(request("/learn", "Connection: close"))
            time.sleep(0.01)
        monkeypatch.setattr(page_processes, "SILENT_SECONDS", 6.0)
        answers = Counter(heard(line)[:12] for line in lines)
    assert set(answers) == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
    until(lambda: site.services.pages.ready == PROCESSES)
    assert not set(hung) & set(pages_of(site))
    assert caplog.text.count("has hung") >= PROCESSES
    assert caplog.text.count("it is refused") == 1, "once, not for every visitor"


def test_a_page_process_with_too_many_open_files_loses_no_connection(site: Site):
    limits = {each: each.rlimit(psutil.RLIMIT_NOFILE) for each in pages_of(site)}
    with line_to(site) as line:
        for each, (_, hard) in limits.items():
            each.rlimit(psutil.RLIMIT_NOFILE, (4, hard))
        line.sendall(request("/learn", "Connection: close"))
        time.sleep(0.3)
        for each, usual in limits.items():
            each.rlimit(psutil.RLIMIT_NOFILE, usual)
        assert heard(line).startswith(b"HTTP/1.1 200 OK")


def test_what_cannot_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    monkeypatch.setattr(page_processes, "AGAIN_SECONDS", 0.01)
    for executable, told in (("/bin/false", "with status 1"), ("missing", "can be started")):
        monkeypatch.setattr(sys, "executable", executable)
        processes = PageProcesses(WebConfig(settings, "a key for tests only", page_processes=1))
        processes.start()
        processes.begin()
        until(lambda told=told: caplog.text.count(told) > 2)
        assert not processes.ready
        processes.close()


def test_what_lies_where_the_site_is_started_is_not_taken_for_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("arena", "web"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    processes = PageProcesses(WebConfig(settings, "a key for tests only", page_processes=1))
    processes.start()
    processes.begin()
    behind = BackgroundProcess("arena.durations", settings)
    until(lambda: processes.ready and not behind.running)
    assert behind.failure is None
    behind.stop()
    processes.close()


def test_processes_may_be_ended_before_they_have_begun(tmp_path: Path):
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    processes = PageProcesses(WebConfig(settings, "a key for tests only", page_processes=1))
    processes.start()
    processes.close()
    assert not processes.ready


def test_a_site_that_ends_leaves_no_process(site: Site, tmp_path: Path):
    before = set(pages_of(site))
    with serving(tmp_path, page_processes=1) as other:
        until(lambda: other.services.pages.ready)
        (own,) = set(pages_of(site)) - before
        assert status(other, "/learn") == 200
    assert not own.is_running()
    assert set(pages_of(site)) == before
