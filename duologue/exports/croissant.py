"""Croissant metadata of a published version: what its files and columns are, for machines.

The format is described at https://docs.mlcommons.org/croissant/docs/croissant-spec.html; the tests
validate it, and read records through it, with mlcroissant.
"""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from duologue.dataset.formats import CONVERSATIONS_FILE, NEXT_TURNS_FILE
from duologue.dataset.manifest import Manifest
from duologue.dataset.schema import CONVERSATIONS_SCHEMA, NEXT_TURNS_SCHEMA

CROISSANT_FILE = "croissant.json"

_TERMS = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty"),
    *("fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField"),
    *("path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate"),
    *("separator", "source", "subField", "transform"),
)
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{term: f"cr:{term}" for term in _TERMS},
}
"""Croissant's standard context; a shorter one is valid, but validators warn of it."""
_RECORDS = {
    "conversations": (CONVERSATIONS_FILE, CONVERSATIONS_SCHEMA, "One valid conversation a record."),
    "next_turns": (
        NEXT_TURNS_FILE,
        NEXT_TURNS_SCHEMA,
        "One user message a record, with the conversation before it and the chatbot's reply.",
    ),
}


def croissant(manifest: Manifest, url: str, licence: str | None) -> dict[str, Any]:
    """Returns the metadata of a version, as JSON-LD.

    Args:
        manifest: of the version.
        url: of the repository on the Hub.
        licence: its identifier, such as `cc-by-4.0`.
    """
    known = {file.name: file for file in manifest.files}
    described: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": manifest.dataset,
        "description": (
            f"{manifest.counts.valid} conversations between an AI chatbot and a simulated user, "
            f"made by Duologue: version {manifest.version}, revision {manifest.revision}."
        ),
        "url": url,
        "version": f"1.0.{manifest.revision}",
        "datePublished": f"{manifest.created_at:%Y-%m-%d}",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "contentUrl": name,
                "encodingFormat": "application/x-parquet",
                "contentSize": f"{known[name].bytes} B",
                "sha256": known[name].sha256,
            }
            for name, _, _ in _RECORDS.values()
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": records,
                "name": records,
                "description": description,
                "field": list(_fields(records, file, schema)),
            }
            for records, (file, schema, description) in _RECORDS.items()
        ],
    }
    if licence:
        described["license"] = licence
    return described


def _fields(records: str, file: str, schema: pa.Schema) -> Iterator[dict[str, Any]]:
    for column in schema:
        described = {
            "@type": "cr:Field",
            "@id": f"{records}/{column.name}",
            "name": column.name,
            "description": (column.metadata or {}).get(b"description", b"").decode(),
        }
        source = {"fileObject": {"@id": file}, "extract": {"column": column.name}}
        kind, is_list = column.type, pa.types.is_list(column.type)
        if is_list:
            kind = kind.value_type
            described["repeated"] = True
        if not pa.types.is_struct(kind):
            yield {**described, "dataType": _data_type(kind), "source": source}
            continue
        described["subField"] = [
            {
                "@type": "cr:Field",
                "@id": f"{records}/{column.name}/{field.name}",
                "name": field.name,
                "dataType": _data_type(field.type),
                "source": {**source, "transform": {"jsonPath": field.name}},
            }
            for field in kind
            if not pa.types.is_nested(field.type)
        ]
        yield described


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_floating(kind):
        return "sc:Float"
    return "sc:DateTime" if pa.types.is_timestamp(kind) else "sc:Text"
