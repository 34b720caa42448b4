"""Ids for seeds: distinct within the file, and the same in whatever order its rows stand."""

import hashlib
import json
from collections.abc import Sequence

from duologue.seeds.row import Row
from duologue.seeds.seed import MOST_ID_CHARACTERS, RejectedRow

DIGEST_CHARACTERS = 12
"""48 bits: among 100,000 different rows two meet once in 56,000 files, and stay distinct then."""


def without_conflicts(rows: Sequence[Row], file: str) -> tuple[list[Row], list[RejectedRow]]:
    """Rejects each row whose explicit id an earlier row has with another message or context."""
    first_with: dict[str, Row] = {}
    kept: list[Row] = []
    rejected: list[RejectedRow] = []
    for row in rows:
        first = row if row.seed_id is None else first_with.setdefault(row.seed_id, row)
        if (first.message, first.context) == (row.message, row.context):
            kept.append(row)
        else:
            reason = (
                f"seed_id {row.seed_id!r} already stands on line {first.line} with another "
                "message or context; give each seed its own"
            )
            rejected.append(RejectedRow(file, row.line, reason))
    return kept, rejected


def distinct_ids(rows: Sequence[Row]) -> list[str]:
    """Returns the id of each row, in their order.

    An explicit id is kept, an automatic one is a digest of message and context. Rows that repeat
    one get `-2`, `-3` and so on, skipping what stands in the file as an explicit id. Explicit ids
    come before automatic ones, so that the order of the rows decides nothing.
    """
    unclaimed = {row.seed_id for row in rows if row.seed_id is not None}
    taken = set(unclaimed)
    repeats: dict[str, int] = {}
    ids = [""] * len(rows)
    for index, row in sorted(enumerate(rows), key=lambda item: item[1].seed_id is None):
        base = automatic_id(row) if row.seed_id is None else row.seed_id
        if row.seed_id is not None and base in unclaimed:
            unclaimed.remove(base)
            ids[index] = base
            continue
        seed_id = base
        while seed_id in taken:
            repeats[base] = repeats.get(base, 1) + 1
            suffix = f"-{repeats[base]}"
            seed_id = base[: MOST_ID_CHARACTERS - len(suffix)] + suffix
        taken.add(seed_id)
        ids[index] = seed_id
    return ids


def automatic_id(row: Row) -> str:
    """Returns the id that a row has by its content, whatever the order of its columns."""
    content = json.dumps([row.message, row.context], sort_keys=True, separators=(",", ":"))
    return "seed-" + hashlib.sha256(content.encode()).hexdigest()[:DIGEST_CHARACTERS]
