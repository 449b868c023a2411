"""The JSON interface's document: valid, complete, and what the interface does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from arena.settings import load_settings
from tests.web.site import play_round
from web.app import create_app
from web.config import WebConfig
from web.interface import api
from web.openapi import template
from web.reference import described
from web.services import EXTENSION, Services

DOCUMENT = described()
READS = [
    (path, methods["get"])
    for path, methods in DOCUMENT["paths"].items()
    if "get" in methods and "security" not in methods["get"]
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    home = tmp_path_factory.mktemp("home")
    play_round(home, 1, 2)
    app = create_app(WebConfig(load_settings({"TRON_HOME": str(home)}), "a key for tests only"))
    services: Services = app.extensions[EXTENSION]
    services.start()
    with app.test_client() as browser:
        yield browser
    services.close()


def test_the_document_is_valid_openapi():
    validate(DOCUMENT)


def test_the_document_names_every_address_and_no_other(client: FlaskClient):
    served = {
        (template(rule.rule), method)
        for rule in client.application.url_map.iter_rules()
        if rule.endpoint.startswith(f"{api.name}.") and not rule.rule.endswith("<path:rest>")
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }
    named = {
        (path, method.upper()) for path, methods in DOCUMENT["paths"].items() for method in methods
    }
    assert named == served


def check(answer: Any, operation: dict[str, Any]) -> None:
    """An answer has a status that the document names, and the body that it promises for that."""
    promised = operation["responses"][str(answer.status_code)]
    ((media, content),) = promised["content"].items()
    assert answer.mimetype == media
    if media != "application/json" or "schema" not in content:
        return
    schema = content["schema"] | {"components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(answer.json)


def asked(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    """Values for a parameter, most of them allowed and some of them not."""
    strange = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    kinds = [each.get("type") for each in schema.get("anyOf", [schema])]
    if "integer" in kinds:
        return st.integers(0, 9).map(str) | st.integers(-(10**20), 10**20).map(str) | strange
    allowed = [
        str(value) for each in schema.get("anyOf", [schema]) for value in each.get("enum", ())
    ]
    return st.sampled_from(allowed) | strange if allowed else strange


@pytest.mark.parametrize(("path", "operation"), READS, ids=[path for path, _ in READS])
def test_every_answer_is_what_the_document_promises(
    client: FlaskClient, path: str, operation: dict[str, Any]
):
    inside = {p["name"]: asked(p["schema"]) for p in operation["parameters"] if p["in"] == "path"}
    query = {p["name"]: asked(p["schema"]) for p in operation["parameters"] if p["in"] == "query"}

    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(
        numbers=st.fixed_dictionaries({name: st.integers(0, 4) for name in inside}),
        query=st.fixed_dictionaries({}, optional=query),
    )
    def agree(numbers: dict[str, int], query: dict[str, str]) -> None:
        check(client.get(path.format(**numbers), query_string=query), operation)

    agree()


@pytest.mark.parametrize("query", ["limit=0", "limit=many", "limit=501", "kind=cat", "model=ABC"])
def test_a_wrong_query_is_refused_and_says_why(client: FlaskClient, query: str):
    answer = client.get(f"/api/v1/replays?{query}")
    assert answer.status_code == 400
    assert answer.json is not None
    assert f"$.{query.partition('=')[0]}" in answer.json["error"]["message"]


def test_the_page_shows_every_address_and_loads_nothing_from_elsewhere(client: FlaskClient):
    html = client.get("/api").text
    for path, methods in DOCUMENT["paths"].items():
        assert f"<code>{path}</code>" in html
        for operation in methods.values():
            assert f'id="op-{operation["operationId"]}"' in html
    assert "https://" not in html
    assert json.loads(client.get("/api/v1/openapi.json").data) == json.loads(json.dumps(DOCUMENT))
