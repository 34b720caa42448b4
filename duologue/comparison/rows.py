"""The columns of `pairs.parquet`."""

from collections.abc import Iterable
from io import RawIOBase
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duologue.comparison.outcomes import Measured
from duologue.comparison.pairs import Pair
from duologue.dataset.schema import SCHEMA_METADATA, described_field


def _side(side: str) -> list[pa.Field]:
    values = pa.map_(pa.string(), pa.float64())
    return [
        described_field(
            f"{side}_status",
            pa.string(),
            f"What became of the {side}'s conversation: `valid`, `invalid`, `user_at_fault` "
            "(invalid, because the simulated user left its role) or `failed`. Null if there is no "
            "such sample.",
            nullable=True,
        ),
        described_field(f"{side}_outcomes", values, "Its outcomes, by name. Empty if it failed."),
        described_field(f"{side}_note", pa.string(), "The rules that it breaks, or why it failed."),
    ]


PAIRS_SCHEMA = pa.schema(
    [
        described_field("seed_id", pa.string(), "As in `conversations.parquet`."),
        described_field("sample", pa.int32(), "As in `conversations.parquet`."),
        *_side("baseline"),
        *_side("candidate"),
        described_field(
            "first_differing_turn",
            pa.int32(),
            "The first turn, from 1, in which the two differ. Null if they are the same, or one is "
            "missing.",
            nullable=True,
        ),
    ],
    metadata=SCHEMA_METADATA,
)


def write_pairs(pairs: Iterable[Pair], file: RawIOBase) -> int:
    """Writes the pairs as Parquet; returns their number."""
    table = pa.Table.from_pylist([_row(pair) for pair in pairs], schema=PAIRS_SCHEMA)
    pq.write_table(table, file, compression="zstd")
    return len(table)


def _row(pair: Pair) -> dict[str, Any]:
    return {
        "seed_id": pair.seed_id,
        "sample": pair.sample,
        **_columns("baseline", pair.baseline),
        **_columns("candidate", pair.candidate),
        "first_differing_turn": pair.first_difference,
    }


def _columns(side: str, measured: Measured | None) -> dict[str, Any]:
    return {
        f"{side}_status": measured and measured.status.value,
        f"{side}_outcomes": dict(measured.values) if measured else {},
        f"{side}_note": measured.note if measured else "",
    }
