"""The OpenAPI 3.1 document of the JSON interface, made from its table of endpoints."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from web.addresses import MAX_NUMBER
from web.endpoints import BINARY, JSON, NDJSON, Endpoint

OPENAPI: Final = "3.1.0"
REFERENCE: Final = "#/components/schemas/{name}"
PARAMETER: Final = re.compile(r"<(?:(\w+):)?(\w+)>")
CONVERTERS: Final = {
    "int": {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER},
    "": {"type": "string", "pattern": "^[^/]+$"},
}
FILES: Final = {
    BINARY: {"type": "string", "format": "binary"},
    NDJSON: {"type": "string"},
    JSON: {"type": "object"},
}


def document(
    title: str, version: str, prefix: str, endpoints: Sequence[Endpoint], error: type[Any]
) -> dict[str, Any]:
    """Return the document.

    Args:
        title: of the interface.
        version: of the interface.
        prefix: path that every endpoint's stands behind.
        endpoints: the table.
        error: type of the body of every refusal.
    """
    kinds = [row.answer for row in endpoints if row.answer is not None]
    kinds += [row.body for row in endpoints if row.body is not None]
    kinds += [row.query for row in endpoints if row.query is not None] + [error]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    known = {id(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    queries = {row.query.__name__ for row in endpoints if row.query is not None}
    paths: dict[str, dict[str, Any]] = {}
    for row in endpoints:
        operation = _operation(row, known, components, known[id(error)])
        paths.setdefault(prefix + template(row.path), {})[row.method.lower()] = operation
    return {
        "openapi": OPENAPI,
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": {name: each for name, each in components.items() if name not in queries},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def template(path: str) -> str:
    """Return a Flask path as OpenAPI writes it.

    >>> template("/replays/<int:game_id>.trp")
    '/replays/{game_id}.trp'
    """
    return PARAMETER.sub(r"{\2}", path)


def _operation(
    row: Endpoint, schemas: dict[int, Any], components: dict[str, Any], error: Any
) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": CONVERTERS[converter or ""]}
        for converter, name in PARAMETER.findall(row.path)
    ]
    if row.query is not None:
        fields = components[row.query.__name__]["properties"]
        parameters += [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in fields.items()
        ]
    answer: dict[str, Any] = {"description": HTTPStatus(row.status).phrase}
    if row.answer is not None:
        answer["content"] = {JSON: {"schema": schemas[id(row.answer)]}}
    elif row.status != HTTPStatus.NO_CONTENT:
        answer["content"] = {row.media: {"schema": FILES[row.media]}}
    refused = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {JSON: {"schema": error}},
        }
        for status in row.refusals
    }
    operation: dict[str, Any] = {
        "operationId": row.name,
        "tags": [row.tag],
        "summary": row.summary,
        "parameters": parameters,
        "responses": {str(row.status): answer} | refused,
    }
    if row.description:
        operation["description"] = row.description
    if row.body is not None:
        content = {JSON: {"schema": schemas[id(row.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    if row.upload:
        content = {BINARY: {"schema": FILES[BINARY]}}
        operation["requestBody"] = {"required": True, "content": content}
    if row.token:
        operation["security"] = [{"token": []}]
    return operation
