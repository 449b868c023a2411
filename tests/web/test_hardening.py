"""Headers, compression and CSRF tokens, over small applications and the real one."""

import gzip
from pathlib import Path

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from arena.settings import load_settings
from web.app import create_app
from web.config import WebConfig
from web.hardening import TOKEN, TOKEN_HEADER, allow_embedding, check_csrf, csrf_field, harden
from web.services import EXTENSION, Services


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    app.secret_key = "a key for tests only"
    harden(app)

    @app.get("/form")
    def form() -> str:
        return csrf_field()

    @app.post("/form")
    def sent() -> str:
        check_csrf()
        return "done"

    @app.get("/long")
    def long() -> str:
        return "ride " * 1000

    @app.get("/framed")
    def framed() -> Response:
        return allow_embedding(Response("a viewer"))

    @app.get("/grows")
    def grows() -> str:
        app.config["GROWN"] = app.config.get("GROWN", 0) + 1
        return f"{app.config['GROWN'] // 2} games"

    @app.get("/secret")
    def secret() -> Response:
        return Response("a token", headers={"Cache-Control": "no-store"})

    return app.test_client()


def test_a_form_without_the_session_s_token_changes_nothing(client: FlaskClient):
    assert client.post("/form").status_code == 403, "no session"
    field = client.get("/form").text
    assert client.post("/form").status_code == 403, "no token"
    assert client.post("/form", data={TOKEN: "0" * 32}).status_code == 403, "another's token"
    token = field.split('value="')[1].split('"')[0]
    assert client.post("/form", data={TOKEN: token}).text == "done"
    assert client.post("/form", headers={TOKEN_HEADER: token}).text == "done"


def test_text_is_compressed_for_browsers_that_take_it(client: FlaskClient):
    plain = client.get("/long", headers={"Accept-Encoding": "identity"})
    small = client.get("/long", headers={"Accept-Encoding": "gzip, br"})
    assert plain.headers.get("Content-Encoding") is None
    assert small.headers["Content-Encoding"] == "gzip"
    assert len(small.data) < len(plain.data) / 10
    assert gzip.decompress(small.data) == plain.data
    assert "Accept-Encoding" in plain.headers["Vary"]


def test_who_has_an_answer_already_is_told_so(client: FlaskClient):
    first = client.get("/long", headers={"Accept-Encoding": "gzip"})
    assert first.headers["Cache-Control"] == "no-cache"
    known = {"If-None-Match": first.headers["ETag"], "Accept-Encoding": "gzip"}
    again = client.get("/long", headers=known)
    assert (again.status_code, again.data) == (304, b"")
    assert "Content-Security-Policy" in again.headers


def test_what_has_changed_is_sent_again(client: FlaskClient):
    first = client.get("/grows")
    again = client.get("/grows", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.text, again.status_code, again.text) == ("0 games", 200, "1 games")


def test_what_nobody_may_keep_has_no_validator(client: FlaskClient):
    assert "ETag" not in client.get("/secret").headers


def test_only_the_embedded_viewer_may_stand_in_other_sites_frames(client: FlaskClient):
    closed, framed = client.get("/long").headers, client.get("/framed").headers
    assert "frame-ancestors 'none'" in closed["Content-Security-Policy"]
    assert closed["X-Frame-Options"] == "DENY"
    assert "frame-ancestors *" in framed["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed


def test_every_response_of_the_site_is_hardened(tmp_path: Path):
    settings = load_settings({"TRON_HOME": str(tmp_path)})
    app = create_app(WebConfig(settings, "a key for tests only", capacity=1))
    services: Services = app.extensions[EXTENSION]
    with services.storage:
        for path in ("/", "/api/v1/status", "/nowhere", "/static/favicon.svg", "/card.png"):
            with app.test_client().get(path) as response:
                policy = response.headers["Content-Security-Policy"]
                assert "script-src 'self'" in policy, path
                assert "unsafe" not in policy, path
                assert response.headers["X-Content-Type-Options"] == "nosniff", path
                assert response.headers["Referrer-Policy"] == "same-origin", path
