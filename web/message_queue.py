"""Flask-SocketIO's Redis message queue beside a gevent loop that is not monkey-patched.

What one process emits to a room or to all reaches the clients of every process, and other programs
can emit with ``SocketIO(message_queue=URL)``. Redis is spoken to on native threads, so that waiting
for it holds up no game.
"""

from collections.abc import Iterator
from typing import Any, Final

import gevent
from gevent.event import Event
from gevent.threadpool import ThreadPool
from socketio import PubSubManager, RedisManager

CHANNEL: Final = "flask-socketio"
"""The one that Flask-SocketIO uses unless told otherwise."""


class RedisQueue(RedisManager):  # type: ignore[misc]
    """python-socketio's Redis manager with its two blocking calls on threads of their own."""

    def __init__(self, url: str) -> None:
        super().__init__(url, channel=CHANNEL)
        self._writer: ThreadPool | None = None

    def initialize(self) -> None:
        """Start to listen; on the thread that serves."""
        # RedisManager's own only adds a check that sockets are monkey-patched.
        self._writer = ThreadPool(1)
        PubSubManager.initialize(self)

    def _publish(self, data: Any) -> None:
        if self._writer is None:
            super()._publish(data)
        else:
            self._writer.spawn(super()._publish, data)

    def _listen(self) -> Iterator[Any]:
        arrived: list[Any] = []
        awake = Event()
        waker = gevent.get_hub().loop.async_()
        waker.start(awake.set)

        def listen() -> None:
            for message in RedisManager._listen(self):
                arrived.append(message)
                waker.send()

        ThreadPool(1).spawn(listen)
        while True:
            awake.wait()
            awake.clear()
            while arrived:
                yield arrived.pop(0)
