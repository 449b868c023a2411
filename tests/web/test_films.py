"""Films of games: drawn one at a time, and few may wait for theirs."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from arena.settings import load_settings
from replays.format import encode
from tests.web import stocked
from web.app import create_app
from web.config import WebConfig
from web.films import WAITING, FilmBusyError, FilmError, Films
from web.services import EXTENSION, Services

GAME = encode(stocked.straight_game(1))


def drawn(films: Films, game_id: int) -> bool:
    try:
        return films.get(game_id, GAME).startswith(b"GIF")
    except FilmBusyError:
        return False


def test_of_many_films_at_once_one_is_drawn_few_wait_and_the_others_are_told(tmp_path: Path):
    films = Films(tmp_path)
    asked = range(1 + WAITING + 3)
    with ThreadPoolExecutor(len(asked)) as people:
        answers = list(people.map(lambda game_id: drawn(films, game_id), asked))
    assert answers.count(True) == 1 + WAITING
    kept = answers.index(True)
    assert drawn(films, kept), "what is kept is there at once"


def test_a_home_that_keeps_nothing_is_named(tmp_path: Path):
    (tmp_path / "films").write_text("in the way")
    with pytest.raises(FilmError, match="films cannot be kept in"):
        Films(tmp_path).get(1, GAME)


class BusyFilms(Films):
    def get(self, game_id: int, encoded: bytes) -> bytes:
        raise FilmBusyError("others wait")


def test_whom_it_is_too_many_is_told_when_to_ask_again(tmp_path: Path):
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    app: Flask = create_app(WebConfig(settings, "a key for tests only", capacity=1))
    services: Services = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(services, films=BusyFilms(tmp_path))
    with services.storage as storage:
        game = stocked.add_human_game(storage)
        answer = app.test_client().get(f"/replays/{game}/file.gif")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Other films are being drawn" in answer.text
