"""JSON Schemas of what a reconciliation service answers, after the texts of versions 0.2 and
1.0-draft of the Reconciliation Service API."""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}


def members(required: str, optional: str = "", **schemas: object) -> dict[str, Any]:
    """An object that has the required members and no others than these."""
    names = [*required.split(), *optional.split()]
    return {
        "type": "object",
        "required": required.split(),
        "properties": {name: schemas.get(name, TEXT) for name in names},
        "additionalProperties": False,
    }


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


TYPE = members("id", "name")
FEATURE = members("id value", "name", value={"type": ["boolean", "number"]})
CANDIDATE = members(
    "id name score",
    "description match type features",
    score={"type": "number", "minimum": 0, "maximum": 100},
    match={"type": "boolean"},
    type=array(TYPE),
    features=array(FEATURE),
)
RESULT = members("result", result=array(CANDIDATE))
RESULTS = {"type": "object", "additionalProperties": RESULT}
DRAFT_RESULTS = members(
    "results", results=array(members("candidates", candidates=array(CANDIDATE)))
)
SUGGESTIONS = members(
    "result", result=array(members("id name", "description notable", notable=array(TYPE)))
)
DATE = {"type": "string", "pattern": r"^-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)?$"}
CELL = {
    "oneOf": [
        members("id name", "description"),
        members("str", "lang"),
        members("int", int={"type": "integer"}),
        members("float", float={"type": "number"}),
        members("date", date=DATE),
    ]
}
COLUMN = members("id name", "type", type=TYPE)
EXTENSION = members(
    "meta rows",
    meta=array(COLUMN),
    rows={
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": array(CELL)},
    },
)
DRAFT_ROW = members("id properties", properties=array(members("id values", values=array(CELL))))
DRAFT_EXTENSION = members("meta rows", meta=array(COLUMN), rows=array(DRAFT_ROW))
PROPOSAL = members(
    "properties", "limit type", limit={"type": "integer"}, properties=array(members("id name"))
)
URL = {"type": "string", "pattern": "^https?://"}
SERVICE = members("service_url service_path", service_url=URL)
MANIFEST = {
    "type": "object",
    "required": ["versions", "name", "identifierSpace", "schemaSpace"],
    "properties": {
        "versions": {"type": "array", "contains": {"const": "0.2"}},
        "name": TEXT,
        "identifierSpace": URL,
        "schemaSpace": URL,
        "view": members("url", url={"type": "string", "pattern": r"\{\{id\}\}"}),
        "preview": members(
            "url width height",
            url={"type": "string", "pattern": r"\{\{id\}\}"},
            width={"type": "integer"},
            height={"type": "integer"},
        ),
        "suggest": members(
            "", "entity type property", entity=SERVICE, type=SERVICE, property=SERVICE
        ),
        "extend": {
            "type": "object",
            "required": ["propose_properties", "property_settings"],
            "properties": {
                "propose_properties": SERVICE,
                "property_settings": array(
                    members(
                        "type label name",
                        "default help_text",
                        default={"type": ["string", "number"]},
                    )
                ),
            },
        },
        "defaultTypes": {**array(members("id name")), "uniqueItems": True},
    },
}
FLAG: dict[str, Any] = {"type": "boolean"}
DRAFT_MANIFEST = {
    "type": "object",
    "required": ["versions", "name", "view"],
    "properties": {
        "versions": {"type": "array", "contains": {"const": "1.0-draft"}},
        "name": TEXT,
        "view": members("url", url={"type": "string", "pattern": r"\{[^{}]*id[^{}]*\}"}),
        "preview": members("width height", width={"type": "integer"}, height={"type": "integer"}),
        "suggest": members("entity type property", entity=FLAG, type=FLAG, property=FLAG),
        "extend": members(
            "proposeProperties propertySettings",
            proposeProperties=FLAG,
            propertySettings=array(
                members(
                    "type id name",
                    "default helpText",
                    type={"enum": ["number", "text"]},
                    default={"type": ["string", "number"]},
                )
            ),
        ),
        "defaultTypes": {**array(members("id name")), "uniqueItems": True},
        "standardizedScore": FLAG,
    },
}
