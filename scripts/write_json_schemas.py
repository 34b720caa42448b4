"""Writes the JSON Schemas of a dataset's files, generated from the models that write them.

    python scripts/write_json_schemas.py

Run it after changing `Manifest`, a record of failures.jsonl, or `Verdict`.
"""

import json

from duologue.dataset.json_schemas import FOLDER, json_schemas

if __name__ == "__main__":
    for name, schema in json_schemas().items():
        text = json.dumps(schema, indent=2, ensure_ascii=False)
        (FOLDER / name).write_text(f"{text}\n", encoding="utf-8")
