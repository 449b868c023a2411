"""Registering and submitting over HTTP: what is taken, what is refused, and what nobody may see."""

import io
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update
from werkzeug.test import TestResponse

from arena.admission import check_next
from arena.confinement import Layer, lacking_for_strangers
from arena.miners import known_by, register
from arena.models import ModelStore, digest
from arena.policy import Policy, Publishing, Registration
from arena.rounds import close_round
from arena.runner import run_round
from arena.schema import entries, rounds
from arena.settings import load_settings
from tests.arena import graphs
from tests.arena.rivals import CHEAP, SerialExecutor, rival
from web.app import create_app
from web.config import WebConfig
from web.hardening import TOKEN as FIELD
from web.hardening import TOKEN_HEADER
from web.services import EXTENSION, Services

MODEL = graphs.policy()


class Arena:
    """A site without live play, and a browser on it."""

    def __init__(self, home: Path, **options: Any) -> None:
        config = WebConfig(
            load_settings({"TRON_HOME": str(home)}), "a key for tests only", **options
        )
        self.home = home
        self.app = create_app(config)
        self.services: Services = self.app.extensions[EXTENSION]
        self.storage = self.services.storage
        self.models = ModelStore(config.arena.models)
        self.browser = self.app.test_client()

    def token(self, name: str) -> str:
        return register(self.storage, name)[1]

    def send(self, token: str, model: bytes = MODEL, **options: Any) -> TestResponse:
        options = {"content_type": "application/octet-stream", "data": model} | options
        return self.browser.post("/api/v1/submissions", headers=bearer(token), **options)

    def get(self, path: str, token: str = "") -> TestResponse:
        return self.browser.get(f"/api/v1/{path}", headers=bearer(token) if token else {})

    def check(self) -> None:
        check_next(self.storage, self.models, "checker", limits=graphs.QUICK, with_trial=False)

    def form(self, page: str, **fields: Any) -> dict[str, Any]:
        """Return a form's fields with the token of the page that holds it."""
        found = re.search(rf'name="{FIELD}" value="(\w+)"', self.browser.get(page).text)
        assert found is not None
        return {FIELD: found[1]} | fields

    def log_in(self, token: str) -> TestResponse:
        return self.browser.post("/login", data=self.form("/submit", token=token))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def message(answer: TestResponse) -> str:
    assert answer.json is not None
    return str(answer.json["error"]["message"])


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Arena]:
    made = Arena(tmp_path)
    yield made
    made.storage.close()


def test_a_name_is_registered_and_its_token_works(arena: Arena):
    answer = arena.browser.post("/api/v1/miners", json={"name": "ann"})
    assert answer.status_code == 201
    assert answer.json is not None
    token = answer.json["token"]
    me = arena.get("miner", token).json
    assert me is not None
    assert (me["name"], me["submissions_left"]) == ("ann", 10)
    again = arena.browser.post("/api/v1/miners", json={"name": "ANN"})
    assert again.status_code == 409
    assert "taken" in message(again)


def test_a_model_is_taken_waits_and_gets_its_verdict(arena: Arena):
    token = arena.token("ann")
    answer = arena.send(token)
    assert answer.status_code == 202
    assert answer.json is not None
    number = answer.json["id"]
    assert (answer.json["state"], answer.json["place"]) == ("received", 1)
    arena.check()
    told = arena.get(f"submissions/{number}", token).json
    assert told is not None
    assert (told["state"], told["place"], told["reason"]) == ("accepted", None, "")
    assert all(check["passed"] for check in told["verdict"]["checks"])
    assert arena.get(f"submissions/{number}/model.onnx", token).data == MODEL
    listed = arena.get("submissions", token).json
    assert listed is not None
    assert listed["submissions"] == [told]


def test_a_list_takes_as_many_queries_however_long_it_is(arena: Arena):
    token = arena.token("ann")
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_more):
        asked.append(statement)

    event.listen(arena.storage.engine, "before_cursor_execute", note)
    counts = []
    for seed in range(3):
        arena.send(token, rival(seed))
        arena.check()
        asked.clear()
        listed = arena.get("submissions", token).json
        assert listed is not None
        assert len(listed["submissions"]) == seed + 1
        counts.append(len(asked))
    assert len(set(counts)) == 1


def test_a_rejected_model_says_why(arena: Arena):
    token = arena.token("ann")
    arena.send(token, graphs.counts_with_random())
    arena.check()
    told = arena.get("submissions/1", token).json
    assert told is not None
    assert told["state"] == "rejected"
    assert "RandomNormalLike is random" in told["reason"]
    assert arena.get("submissions/1/model.onnx", token).status_code == 404


def test_a_page_does_not_blame_a_model_that_was_taken_out(arena: Arena):
    token = arena.token("ann")
    arena.send(token)
    arena.check()
    arena.storage.take_out(1, "its file is gone")
    arena.log_in(token)
    page = arena.browser.get("/submissions/1").text
    assert "It passed its checks, and does not ride all the same." in page
    assert "Withdrawn by the operator: its file is gone." in page
    assert "still counts" not in page


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer tron_x", "Basic YTpi", "Bearer é"])
@pytest.mark.parametrize("path", ["miner", "submissions", "submissions/1"])
def test_nobody_is_known_without_a_token(arena: Arena, path: str, given: str):
    arena.token("ann")
    headers = {"Authorization": given} if given else {}
    answer = arena.browser.get(f"/api/v1/{path}", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")


def test_what_is_somebody_elses_is_not_there(arena: Arena):
    arena.send(arena.token("ann"))
    arena.check()
    bob = arena.token("bob")
    for path in ("submissions/1", "submissions/1/model.onnx", "submissions/1/games/0"):
        assert arena.get(path, bob).status_code == 404
    arena.log_in(bob)
    assert arena.browser.get("/submissions/1").status_code == 404
    assert arena.browser.get("/submissions/1/games/0").status_code == 404


def test_a_token_is_replaced_and_given_up(arena: Arena):
    first = arena.token("ann")
    answer = arena.browser.post("/api/v1/miner/token", headers=bearer(first))
    assert answer.json is not None
    second = answer.json["token"]
    assert arena.get("miner", first).status_code == 401
    assert arena.get("miner", second).status_code == 200
    assert arena.browser.delete("/api/v1/miner/token", headers=bearer(second)).status_code == 204
    assert arena.get("miner", second).status_code == 401


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "text/plain", ""])
def test_another_content_type_is_refused(arena: Arena, kind: str):
    answer = arena.send(arena.token("ann"), content_type=kind)
    assert answer.status_code == 415
    assert arena.storage.miner_submissions(1, 9) == ()


def test_a_file_too_large_is_refused_before_it_is_read(arena: Arena):
    token = arena.token("ann")
    limit = arena.services.miners.limits.model_bytes
    assert arena.send(token, bytes(limit + 1)).status_code == 413

    class Endless(io.RawIOBase):
        """A body that never ends, of which the server must stop reading."""

        taken = 0

        def readable(self) -> bool:
            return True

        def seek(self, _offset: int, _whence: int = 0) -> int:
            return 0

        def tell(self) -> int:
            return 0

        def readinto(self, buffer: Any) -> int:
            buffer[:] = bytes(len(buffer))
            self.taken += len(buffer)
            return len(buffer)

    body = Endless()
    answer = arena.browser.post(
        "/api/v1/submissions",
        headers=bearer(token),
        content_type="application/octet-stream",
        input_stream=body,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413
    assert body.taken <= limit + (1 << 20)
    assert arena.storage.miner_submissions(1, 9) == ()


def test_a_body_that_is_no_model_of_json_is_refused(arena: Arena):
    for body in (b"", b"{", b"[]", b'{"name": 7}', b'{"name": "' + b"x" * 200 + b'"}'):
        answer = arena.browser.post("/api/v1/miners", data=body, content_type="application/json")
        assert answer.status_code == 400
    huge = b'{"name": "' + b"x" * 200_000 + b'"}'
    answer = arena.browser.post("/api/v1/miners", data=huge, content_type="application/json")
    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "<script>", "a\u0000b", "x" * 33])
def test_names_lead_nowhere(arena: Arena, name: str):
    answer = arena.browser.post("/api/v1/miners", json={"name": name})
    assert answer.status_code == 409
    assert arena.storage.miners() == ()


@pytest.mark.parametrize(
    "path", ["../arena.db", "..%2F..%2Farena.db", "%2e%2e/secret_key", "a" * 63, "A" * 64]
)
def test_no_path_leads_out_of_the_model_store(arena: Arena, path: str):
    for address in (f"/api/v1/models/{path}.onnx", f"/api/v1/models/{path}"):
        answer = arena.browser.get(address)
        assert answer.status_code == 404
        assert b"SQLite" not in answer.data


def test_the_daily_quota_holds_for_files_sent_at_once(tmp_path: Path):
    arena = Arena(tmp_path, policy=Policy(submissions_per_day=2))
    token = arena.token("ann")
    gate = threading.Barrier(6)
    codes = []

    def send(seed: int) -> None:
        browser = arena.app.test_client()
        gate.wait()
        answer = browser.post(
            "/api/v1/submissions",
            headers=bearer(token),
            data=b"model %d" % seed,
            content_type="application/octet-stream",
        )
        codes.append(answer.status_code)

    threads = [threading.Thread(target=send, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [202, 202, 429, 429, 429, 429]
    me = arena.get("miner", token).json
    assert me is not None
    assert me["submissions_left"] == 0
    arena.storage.close()


def test_registration_is_limited_by_address(tmp_path: Path):
    arena = Arena(tmp_path, policy=Policy(registrations_per_day=2))

    def code(name: str, address: str) -> int:
        answer = arena.browser.post(
            "/api/v1/miners",
            json={"name": name},
            environ_overrides={"REMOTE_ADDR": address},
            headers={"X-Forwarded-For": f"10.0.0.{len(name)}"},
        )
        return answer.status_code

    assert [code(name, "192.0.2.1") for name in ("a", "bb", "ccc")] == [201, 201, 429]
    assert code("dddd", "192.0.2.2") == 201
    household = ("2001:db8:0:7::1", "2001:db8:0:7:8000::2", "2001:db8:0:7:ffff::3")
    assert [
        code(name, one) for name, one in zip(("eve", "fay", "gus"), household, strict=True)
    ] == [201, 201, 429]
    assert code("hal", "2001:db8:0:8::1") == 201
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("arena.db*"))
    assert b"192.0.2" not in stored
    arena.storage.close()


def test_a_trusted_proxy_tells_the_address(tmp_path: Path):
    arena = Arena(tmp_path, policy=Policy(registrations_per_day=1), proxies=1)
    codes = [
        arena.browser.post(
            "/api/v1/miners", json={"name": name}, headers={"X-Forwarded-For": address}
        ).status_code
        for name, address in (("ann", "192.0.2.1"), ("bob", "192.0.2.2"), ("cid", "192.0.2.2"))
    ]
    assert codes == [201, 201, 429]
    arena.storage.close()


def test_only_the_operator_registers_where_it_says_so(tmp_path: Path):
    arena = Arena(tmp_path, policy=Policy(registration=Registration.INVITED))
    answer = arena.browser.post("/api/v1/miners", json={"name": "ann"})
    assert answer.status_code == 403
    assert "invitation" in message(answer)
    assert arena.send(arena.token("bob")).status_code == 202
    arena.storage.close()


def test_models_are_refused_without_the_sandbox_unless_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bare = Layer.LIMITS | Layer.NO_NEW_PRIVILEGES
    monkeypatch.setattr("web.app.available_layers", lambda: bare)
    arena = Arena(tmp_path)
    answer = arena.send(arena.token("ann"))
    assert answer.status_code == 503
    assert "seccomp" in message(answer)
    assert "seccomp" in arena.browser.get("/submit").text
    arena.storage.close()
    accepting = Arena(tmp_path, accept_unsandboxed=True)
    assert accepting.send(accepting.token("bob")).status_code == 202
    accepting.storage.close()
    assert "memory" in lacking_for_strangers(Layer.SECCOMP)
    assert lacking_for_strangers(Layer.SECCOMP | Layer.LIMITS) == ""


def test_models_stay_hidden_until_their_round_is_done_and_then_as_the_operator_chose(
    tmp_path: Path,
):
    arena = Arena(tmp_path)
    contents = {name: rival(seed) for seed, name in enumerate(("ann", "bob"))}
    for name, content in contents.items():
        arena.send(arena.token(name), content)
        arena.check()

    def seen(publishing: Publishing) -> set[str]:
        shop = Arena(tmp_path, policy=Policy(publishing=publishing))
        found = {
            name
            for name, content in contents.items()
            if shop.get(f"models/{digest(content)}.onnx").status_code == 200
        }
        shop.storage.close()
        return found

    assert seen(Publishing.ALL) == set()
    standings = arena.get("rounds/1/standings").json
    assert standings is not None
    assert standings["entries"] == []
    close_round(
        arena.storage, arena.models, starts=1, anchors=(), measure=lambda _model, _alone: CHEAP
    )
    assert seen(Publishing.ALL) == set()
    run_round(arena.storage, SerialExecutor(arena.models))
    champion = arena.storage.champion()
    assert champion is not None
    assert seen(Publishing.NONE) == set()
    assert seen(Publishing.CHAMPIONS) == {champion.name}
    (other,) = {"ann", "bob"} - {champion.name}
    with arena.storage.writing() as connection:  # the light crown may be another's
        found = select(entries.c.id).where(entries.c.name == other).scalar_subquery()
        connection.execute(update(rounds).values(light_champion_entry_id=found))
    assert seen(Publishing.CHAMPIONS) == {"ann", "bob"}
    assert seen(Publishing.ALL) == {"ann", "bob"}
    arena.storage.close()


class TestPages:
    def test_everything_works_by_forms_alone(self, arena: Arena):
        answer = arena.browser.post("/miners", data=arena.form("/submit", name="ann"))
        token = re.search(r"tron_[0-9a-f]{12}_[\w-]{43}", answer.text)
        assert token is not None
        assert known_by(arena.storage, token[0]).name == "ann"
        assert answer.headers["Cache-Control"] == "no-store"
        page = arena.browser.get("/submit").text
        assert token[0] not in page
        assert "You are <b>ann</b>" in page
        fields = arena.form("/submit", model=(io.BytesIO(MODEL), "model.onnx"))
        sent = arena.browser.post("/submit", data=fields)
        assert (sent.status_code, sent.location) == (303, "/submissions/1")
        waiting = arena.browser.get("/submissions/1").text
        assert "data-pending" in waiting
        assert 'http-equiv="refresh"' in waiting
        arena.check()
        done = arena.browser.get("/submissions/1").text
        assert "data-pending" not in done
        assert "It will ride in round 1" in done
        assert arena.browser.post("/logout", data=arena.form("/submit")).status_code == 303
        assert arena.browser.get("/submissions/1").status_code == 403

    @pytest.mark.parametrize("path", ["/submit", "/miners", "/miners/token", "/login", "/logout"])
    def test_a_forged_form_is_refused(self, arena: Arena, path: str):
        token = arena.token("ann")
        arena.log_in(token)
        for field in ({}, {FIELD: "0" * 32}):
            data = {
                "name": "eve",
                "token": token,
                "model": (io.BytesIO(b"small"), "m.onnx"),
            } | field
            assert arena.browser.post(path, data=data).status_code == 403
        assert [miner.name for miner in arena.storage.miners()] == ["ann"]
        assert arena.storage.miner_submissions(1, 9) == ()
        assert known_by(arena.storage, token).name == "ann"

    def test_a_session_is_of_no_use_to_the_interface(self, arena: Arena):
        arena.log_in(arena.token("ann"))
        assert arena.browser.get("/api/v1/miner").status_code == 401
        assert arena.browser.post("/api/v1/miner/token").status_code == 401

    def test_a_revoked_token_logs_out(self, arena: Arena):
        arena.log_in(arena.token("ann"))
        assert "You are <b>ann</b>" in arena.browser.get("/submit").text
        arena.storage.revoke_tokens(1)
        assert "You are" not in arena.browser.get("/submit").text

    def test_a_wrong_token_says_so_and_is_not_shown_again(self, arena: Arena):
        answer = arena.log_in("tron_wrong")
        assert answer.status_code == 403
        assert "unknown or revoked" in answer.text
        assert "tron_wrong" not in answer.text

    def test_large_forms_are_refused(self, arena: Arena):
        fields = arena.form("/submit", name="x" * 70_000)
        assert arena.browser.post("/miners", data=fields).status_code == 413

        def send(size: int) -> int:
            head = b'--x\r\nContent-Disposition: form-data; name="model"; filename="m"\r\n\r\n'
            body = head + bytes(size) + b"\r\n--x--\r\n"
            kind = "multipart/form-data; boundary=x"
            token = {TOKEN_HEADER: arena.form("/submit")[FIELD]}
            answer = arena.browser.post("/submit", data=body, content_type=kind, headers=token)
            return answer.status_code

        assert send(1 << 20) == 403
        arena.log_in(arena.token("ann"))
        limit = arena.services.miners.limits.model_bytes
        assert send(limit + (1 << 16)) == 413
        assert arena.storage.miner_submissions(1, 9) == ()
        assert send(limit // 8) == 303

    def test_after_its_round_a_submission_says_how_it_came_out(self, arena: Arena):
        arena.log_in(arena.token("ann"))
        arena.send(arena.token("bob"), rival(1))
        fields = arena.form("/submit", model=(io.BytesIO(rival(2)), "m.onnx"))
        arena.browser.post("/submit", data=fields)
        arena.check()
        arena.check()
        close_round(
            arena.storage, arena.models, starts=1, anchors=(), measure=lambda _model, _alone: CHEAP
        )
        playing = arena.browser.get("/submissions/2").text
        assert "has it in its field" in playing
        assert "Its defeats" not in playing
        run_round(arena.storage, SerialExecutor(arena.models))
        done = arena.browser.get("/submissions/2").text
        entries = {entry.name: entry.standing for entry in arena.storage.entries(1)}
        standing = entries["ann"]
        assert standing is not None
        assert f"Rank <b>{standing.rank}</b> in" in done
        assert ("Its defeats" in done) == (standing.losses > 0)

    def test_a_refused_file_says_why(self, arena: Arena):
        arena.log_in(arena.token("ann"))
        empty = arena.form("/submit", model=(io.BytesIO(b""), "m.onnx"))
        answer = arena.browser.post("/submit", data=empty)
        assert answer.status_code == 409
        assert "file is empty" in answer.text
        none = arena.browser.post("/submit", data=arena.form("/submit"))
        assert none.status_code == 400

    def test_what_a_model_says_is_text(self, arena: Arena):
        arena.log_in(arena.token("ann"))
        arena.send(arena.token("bob"), MODEL)
        evil = graphs.packed(
            graphs.linear(),
            [graphs.tensor("weights", graphs.weights())],
            names=("<script>alert(1)</script>", "logits"),
        )
        fields = arena.form("/submit", model=(io.BytesIO(evil.SerializeToString()), "<b>.onnx"))
        arena.browser.post("/submit", data=fields)
        arena.check()
        arena.check()
        html = arena.browser.get("/submissions/2").text
        assert "<script>alert" not in html
