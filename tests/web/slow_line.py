"""A TCP relay that delays what passes, as a long way does: browsers delay no WebSockets."""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

READ_BYTES = 65536


@contextmanager
def slow_line(url: str, added_ms: float) -> Iterator[str]:
    """An address by which the site at ``url`` is ``added_ms`` further away, there and back."""
    to = urlsplit(url)
    carrying: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(
            target=_accept, args=(server, (to.hostname, to.port), added_ms / 2000, carrying)
        )
        accepting.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for each in carrying:
                each.join()


def _accept(
    server: socket.socket, to: tuple[str, int], seconds: float, carrying: list[threading.Thread]
) -> None:
    while True:
        try:
            near, _ = server.accept()
        except OSError:
            return
        carrying.append(threading.Thread(target=_carry, args=(near, to, seconds)))
        carrying[-1].start()


def _carry(near: socket.socket, to: tuple[str, int], seconds: float) -> None:
    with near, socket.create_connection(to) as far:
        threads = []
        for one, other in ((near, far), (far, near)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            on_the_way: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
            threads.append(threading.Thread(target=_read, args=(one, on_the_way, seconds)))
            threads.append(threading.Thread(target=_write, args=(other, on_the_way)))
        for each in threads:
            each.start()
        for each in threads:
            each.join()


def _read(
    line: socket.socket, on_the_way: "queue.SimpleQueue[tuple[float, bytes]]", seconds: float
) -> None:
    data = b"x"
    while data:
        try:
            data = line.recv(READ_BYTES)
        except OSError:
            data = b""
        on_the_way.put((time.monotonic() + seconds, data))


def _write(line: socket.socket, on_the_way: "queue.SimpleQueue[tuple[float, bytes]]") -> None:
    while True:
        due, data = on_the_way.get()
        time.sleep(max(due - time.monotonic(), 0.0))
        with suppress(OSError):
            if data:
                line.sendall(data)
            else:
                line.shutdown(socket.SHUT_WR)
        if not data:
            return
