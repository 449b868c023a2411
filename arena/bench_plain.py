"""An arena as it is usually written, the yardstick of `tron bench arena`.

Each model has a server process of its own, and every ply is one HTTP request with the board as JSON
to each of the two, over a connection that is kept open. That is how Apex's Tron does it, without
its waits.
"""

import http.client
import json
import multiprocessing
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler, make_server

from arena.bench_models import plain_session
from tron_env.bench_yardstick import ONGOING, PlainGame
from tron_env.ruleset import ARENA


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open
    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: object) -> None:
        """Write no line for each of so many requests."""


class PlainArena:
    """Two models behind HTTP. A context manager; plays games one after the other."""

    def __init__(self, models: tuple[bytes, bytes]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection[None, float]] = []
        self._servers = []
        for model in models:
            ours, theirs = context.Pipe()
            server = context.Process(target=_serve, args=(model, theirs), daemon=True)
            server.start()
            self._pipes.append(ours)
            self._servers.append(server)
        self._clients = [
            http.client.HTTPConnection("127.0.0.1", int(p.recv())) for p in self._pipes
        ]

    def __enter__(self) -> "PlainArena":
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.kill()
            server.join()

    def play(self, seed: int) -> int:
        """Play one game; return its plies."""
        game = PlainGame(ARENA, seed)
        while game.outcome == ONGOING:
            game.step((self._action(game, 0), self._action(game, 1)))
        return game.ply

    def cpu_seconds(self) -> float:
        """Return the CPU time that this process and the servers have used."""
        served = 0.0
        for pipe in self._pipes:
            pipe.send(None)
            served += pipe.recv()
        return time.process_time() + served

    def _action(self, game: PlainGame, seat: int) -> int:
        mask = game.mask(seat)
        if not mask.any():
            return game.headings[seat]
        position = {
            "grid": game.cells.tolist(),
            "heads": [game.heads[seat], game.heads[1 - seat]],
            "seat": seat,
            "valid": np.flatnonzero(mask).tolist(),
        }
        client = self._clients[seat]
        client.request("POST", "/move", json.dumps(position), {"Content-Type": "application/json"})
        answer: dict[str, int] = json.loads(client.getresponse().read())
        return answer["action"]


def _serve(model: bytes, pipe: "Connection[float, None]") -> None:
    session = plain_session(model)
    app = Flask(__name__)

    @app.post("/move")
    def move() -> dict[str, Any]:
        position = request.get_json()
        grid = np.array(position["grid"], np.uint8)
        planes = np.zeros((1, 5, *grid.shape), np.float32)
        planes[0, 0] = grid == 1
        planes[0, 1] = grid == 2 + position["seat"]
        planes[0, 2] = grid == 3 - position["seat"]
        for plane, head in enumerate(position["heads"], 3):
            planes[0, plane][tuple(head)] = 1.0
        (logits,) = session.run(None, {session.get_inputs()[0].name: planes})
        valid = position["valid"]
        return {"action": valid[int(np.argmax(logits[0][valid]))]}

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Handler)
    pipe.send(server.server_address[1])
    _tell_time(pipe)
    server.serve_forever()


def _tell_time(pipe: "Connection[float, None]") -> None:
    """Answer each message by the CPU time that this process has used."""

    def answer() -> None:
        while True:
            pipe.recv()
            pipe.send(time.process_time())

    threading.Thread(target=answer, daemon=True).start()
