"""The JSON interface described: as an OpenAPI document, and as a page drawn from that."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, render_template

from web import api, api_miners
from web.endpoints import JSON
from web.interface import PREFIX, interface
from web.openapi import document
from web.payloads import ErrorPayload

TITLE: Final = "Tron Arena"
VERSION: Final = "1"
ROUTES: Final = (api, api_miners)
"""Importing these puts their endpoints into the table."""

BOUNDS: Final = (("minimum", "from"), ("maximum", "to"), ("default", "else"))

reference = Blueprint("reference", __name__)


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body."""

    name: str
    kind: str
    link: str | None
    """Name of the schema it is of, if that is shown on the page."""
    note: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint."""

    method: str
    path: str
    name: str
    summary: str
    description: str
    token: bool
    parameters: tuple[Field, ...]
    takes: Field | None
    gives: Field | None
    statuses: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """One schema: what an object of it holds."""

    name: str
    note: str
    fields: tuple[Field, ...]


@lru_cache(maxsize=1)
def described() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return document(TITLE, VERSION, PREFIX, interface.endpoints, ErrorPayload)


@interface.endpoint("GET", "/openapi.json", tag="Site", media=JSON)
def openapi() -> Response:
    """This interface as an OpenAPI 3.1 document."""
    return Response(msgspec.json.encode(described()), mimetype=JSON)


@reference.get("/api")
def page() -> str:
    """Every endpoint and every shape of data."""
    document = described()
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            shown = _operation(method, path, operation)
            groups.setdefault(operation["tags"][0], []).append(shown)
    schemas = document["components"]["schemas"]
    shapes = [_shape(name, schema) for name, schema in sorted(schemas.items())]
    return render_template("api.html", groups=groups, shapes=[s for s in shapes if s.fields])


def _operation(method: str, path: str, operation: dict[str, Any]) -> Operation:
    responses = operation["responses"]
    first = next(iter(responses.values()))
    body = operation.get("requestBody")
    return Operation(
        method=method.upper(),
        path=path,
        name=operation["operationId"],
        summary=operation["summary"],
        description=operation.get("description", ""),
        token="security" in operation,
        parameters=tuple(
            _field(each["name"], each["schema"], required=each["required"])
            for each in operation["parameters"]
        ),
        takes=_content(body) if body else None,
        gives=_content(first),
        statuses=tuple((code, each["description"]) for code, each in responses.items()),
    )


def _content(part: dict[str, Any]) -> Field | None:
    for media, content in part.get("content", {}).items():
        found = _field(media, content.get("schema", {}))
        return found if found.link else Field(media, media, None, "")
    return None


def _shape(name: str, schema: dict[str, Any]) -> Shape:
    required = set(schema.get("required", ()))
    fields = schema.get("properties", {}).items()
    return Shape(
        name=name,
        note=schema.get("description", ""),
        fields=tuple(_field(key, each, required=key in required) for key, each in fields),
    )


def _field(name: str, schema: dict[str, Any], *, required: bool = True) -> Field:
    kind, link = _kind(schema)
    return Field(name, kind, link, schema.get("description", ""), required)


def _kind(schema: dict[str, Any]) -> tuple[str, str | None]:
    """Say in words what a schema takes, and which named one that is or holds."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return name, name
    if "anyOf" in schema:
        kinds = [_kind(each) for each in schema["anyOf"]]
        links = [link for _, link in kinds if link]
        return " or ".join(kind for kind, _ in kinds), links[0] if links else None
    if "enum" in schema:
        return " or ".join("null" if v is None else f'"{v}"' for v in schema["enum"]), None
    if schema.get("type") == "array":
        pair = schema.get("prefixItems")
        kind, link = _kind(pair[0] if pair else schema["items"])
        return ("two of " if pair else "list of ") + kind, link
    words = {"date-time": "moment", "binary": "file"}
    kind = words.get(schema.get("format", ""), schema.get("type", "anything"))
    bounds = [f"{word} {schema[key]}" for key, word in BOUNDS if key in schema]
    return " ".join([kind, *bounds]), None
