"""The dataset card: a version's README.md, with the metadata that Hugging Face reads."""

from io import RawIOBase

from jinja2 import Environment, StrictUndefined

from duologue.dataset.manifest import Manifest
from duologue.dataset.schema import columns_table

CARD_FILE = "README.md"

_SIZE_CATEGORIES = {
    1_000: "n<1K",
    10_000: "1K<n<10K",
    100_000: "10K<n<100K",
    1_000_000: "100K<n<1M",
    10_000_000: "1M<n<10M",
}
"""Hugging Face's words for how many rows there are, by the number they stay below."""

# `und` is ISO 639-2's code for a language that has not been determined.
_TEMPLATE = """\
---
pretty_name: "{{ manifest.dataset }}"
language:
- und
annotations_creators:
- machine-generated
language_creators:
- machine-generated
size_categories:
- {{ size_category }}
task_categories:
- text-generation
tags:
- conversational
- synthetic
- duologue
configs:
- config_name: default
  data_files:
  - split: train
    path: conversations.parquet
---

# {{ manifest.dataset }}

{{ manifest.counts.valid }} conversations between an AI chatbot and a simulated user.

Made by Duologue: version `{{ manifest.version }}`, revision {{ manifest.revision }},
{{ created_at }}.
{% if manifest.held_back %}
It does not pass its gates, so `latest` does not lead to it:

{% for reason in manifest.held_back -%}
- {{ reason }}
{% endfor -%}
{% endif %}
## How it was made

| | |
|---|---|
| seed file | `{{ seed_path }}` |
| its SHA-256 | `{{ manifest.seed_file.sha256 }}` |
| chatbot | `{{ manifest.settings.chatbot.reference }}` |
| simulated user | `{{ manifest.settings.simulated_user.reference }}` |
| turns at most | {{ manifest.settings.simulation.turns }} |
| ends with | {{ manifest.settings.simulation.ends_with }} |
| conversations per seed | {{ manifest.settings.conversations_per_seed }} |
| took | {{ manifest.seconds }} s |
{% if used -%}
| its calls used | {{ used }} |
{% endif %}
## What became of every row

| | |
|---|---|
| rows read | {{ manifest.counts.rows_read }} |
| rejected rows | {{ manifest.counts.rejected }} |
| seeds | {{ manifest.counts.seeds }} |
| requested conversations | {{ manifest.counts.conversations }} |
| valid, and in the dataset | {{ manifest.counts.valid }} |
| invalid | {{ manifest.counts.invalid }} |
| failed | {{ manifest.counts.failed }} |

{% if manifest.broken_rules or manifest.failed_by_error_class -%}
| what went wrong | conversations |
|---|---|
{% for name, count in manifest.failed_by_error_class.items() -%}
| failed with `{{ name }}` | {{ count }} |
{% endfor -%}
{% for name, count in manifest.broken_rules.items() -%}
| breaks `{{ name }}` | {{ count }} |
{% endfor %}
A broken rule leaves a conversation out, or is only a warning: then the `warnings` column names it.
What is left out is in `failures.csv`, with the reason and how to rerun it.

{% endif -%}
{% if manifest.information -%}
| for information, no fault | conversations |
|---|---|
{% for name, count in manifest.information.items() -%}
| `{{ name }}` | {{ count }} |
{% endfor %}

{% endif -%}
{% if manifest.quality.findings -%}
## What stands out

| rule | severity | what |
|---|---|---|
{% for finding in manifest.quality.findings -%}
| `{{ finding.rule }}` | {{ finding.severity }} | {{ finding.detail }} |
{% endfor %}
`manifest.json` names the conversations, and holds the measures behind it in `quality`.

{% endif -%}
## Files

| file | rows | bytes |
|---|---|---|
{% for file in manifest.files -%}
| `{{ file.name }}` | {{ file.rows }} | {{ file.bytes }} |
{% endfor %}
`manifest.json` holds the SHA-256 of each, and all settings.

## Reading it

```python
import pandas as pd

conversations = pd.read_parquet("conversations.parquet")
```

```python
import polars as pl

conversations = pl.read_parquet("conversations.parquet")
```

```python
import duckdb

conversations = duckdb.sql("SELECT * FROM 'conversations.parquet'")
```

```python
from datasets import load_dataset

conversations = load_dataset("parquet", data_files="conversations.parquet", split="train")
```

## Columns of conversations.parquet

{{ columns }}
"""


def write_card(manifest: Manifest, file: RawIOBase) -> None:
    """Writes the card of a version whose data files are written and in its manifest."""
    environment = Environment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
    )
    card = environment.from_string(_TEMPLATE).render(
        manifest=manifest,
        created_at=f"{manifest.created_at:%Y-%m-%d %H:%M} UTC",
        # Both stay within their table cells.
        seed_path=manifest.seed_file.path.replace("|", "\\|"),
        used=manifest.usage and manifest.usage.summary.replace("|", "\\|"),
        size_category=_size_category(manifest.counts.valid),
        columns=columns_table(),
    )
    file.write(card.encode())


def _size_category(rows: int) -> str:
    below = (name for limit, name in _SIZE_CATEGORIES.items() if rows < limit)
    return next(below, "10M<n<100M")
