"""The JSON Schemas of what other programs read: the manifest, the failures and the verdicts."""

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, create_model

from duologue.dataset.failures import Failure
from duologue.dataset.manifest import Manifest
from duologue.validation.verdict import Verdict

FOLDER = Path(__file__).with_name("schemas")
"""Their folder in the installed package."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"

# The settings have their own page, and their schema is the form in Prefect's UI.
_Manifest = create_model(
    "Manifest", __base__=Manifest, __doc__=Manifest.__doc__, settings=(dict[str, Any], ...)
)

_DESCRIBED: dict[str, tuple[Any, str]] = {
    "manifest.schema.json": (_Manifest, "manifest.json of a version"),
    "failures.schema.json": (Failure, "One line of a version's failures.jsonl"),
    "verdict.schema.json": (Verdict, "One entry of the column `verdicts` of conversations.parquet"),
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """Generates the schemas from the models that write the files.

    Returns:
        Each schema under its file's name.
    """
    schemas = {}
    for name, (model, title) in _DESCRIBED.items():
        adapter: TypeAdapter[Any] = TypeAdapter(model)
        schema = adapter.json_schema(mode="serialization")
        schemas[name] = {"$schema": _DRAFT, "title": title} | {
            key: value for key, value in schema.items() if key != "title"
        }
    return schemas
