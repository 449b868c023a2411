"""People who read the site, as `tron bench archive` sends them: each opens a page a second.

Run as a module it reads one JSON object from standard input, see ``Visit``, and prints what each
page took as one JSON list. A reader opens the next page when it is due, however late the last one
was, and what a page took counts from then: a slow page makes the ones behind it late too.
"""

import http.client
import json
import random
import sys
import threading
import time
from dataclasses import asdict, dataclass
from typing import Final
from urllib.parse import urlsplit

INTERVAL_SECONDS: Final = 1.0
HEADERS: Final = {"Accept-Encoding": "gzip", "Accept": "text/html,application/json,*/*"}
TIMEOUT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Visit:
    """Who comes, for how long, and what they open."""

    url: str
    readers: int
    seconds: float
    pages: list[tuple[str, str]]
    """Kind and address of each page, in the order in which they are opened, over and over."""


def visit(asked: Visit) -> list[tuple[str, float]]:
    """Read pages; return the kind of each and how long it took, in milliseconds.

    Raises:
        RuntimeError: a page was refused or broke.
    """
    seen: list[tuple[str, float]] = []
    failures: list[str] = []
    began = time.monotonic() + 0.5
    rng = random.Random(1)

    def read(reader: int, offset: float) -> None:
        connection = _connection(asked.url)
        opened = 0
        try:
            while (due := began + offset + opened * INTERVAL_SECONDS) < began + asked.seconds:
                time.sleep(max(0.0, due - time.monotonic()))
                kind, path = asked.pages[(reader + opened * asked.readers) % len(asked.pages)]
                connection.request("GET", path, headers=HEADERS)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    failures.append(f"{path} answered {answer.status}")
                    return
                seen.append((kind, (time.monotonic() - due) * 1000))
                opened += 1
        except OSError as error:
            failures.append(f"reader {reader}: {error}")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=read, args=(reader, rng.random() * INTERVAL_SECONDS))
        for reader in range(asked.readers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError("; ".join(failures[:3]))
    return seen


def alone(url: str, pages: list[tuple[str, str]]) -> list[tuple[str, float]]:
    """Open pages one after the other; return the kind of each and its milliseconds."""
    connection = _connection(url)
    seen = []
    for kind, path in pages:
        started = time.monotonic()
        connection.request("GET", path, headers=HEADERS)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        seen.append((kind, (time.monotonic() - started) * 1000))
    connection.close()
    return seen


def order(asked: Visit) -> str:
    """Return what the module reads from standard input."""
    return json.dumps(asdict(asked))


def _connection(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(visit(Visit(**json.loads(sys.stdin.read())))))
