"""Preference pairs from a comparison: where the chatbots first part, the reply that did better.

The whole conversation decides, by one outcome; the pair is the two replies to the same chat
history. So a reply is preferred for what followed it, which chance takes part in: use outcomes of
many seeds.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow.parquet as pq
from pydantic import ValidationError
from upath import UPath

from duologue.comparison.manifest import COMPARISON_MANIFEST_FILE, ComparisonManifest
from duologue.comparison.outcomes import Better
from duologue.comparison.sides import Side
from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.errors import UsageError
from duologue.exports.writing import Exported, write_lines
from duologue.storage.files import located, storage_errors
from duologue.storage.locations import without_credentials
from duologue.versions.comparisons import PAIRS_FILE

Said = Sequence[Mapping[str, Any]]
"""The messages of a conversation, each with `role` and `text`."""


def export_preferences(
    comparison: UPath, outcome: str, file: UPath, *, replace: bool = False
) -> Exported:
    """Writes the preference pairs of a comparison, completely or not at all.

    Args:
        comparison: its folder.
        outcome: which conversation of a pair did better.
        file: where, on a disk.
        replace: whether a file that is already there may be replaced.

    Returns:
        The pairs written and left out: equal outcomes, no two different replies to the same
        history, or a side without a valid conversation.

    Raises:
        UsageError: the comparison cannot be read or has no such outcome, or the file cannot be
            written.
    """
    manifest = _manifest(comparison)
    better = {one.outcome: one.better for one in manifest.differences}
    usable = [name for name, which in better.items() if which is not Better.NEITHER]
    if outcome not in usable:
        raise UsageError(
            f"--by {outcome!r}: comparison {manifest.comparison} has no outcome of that name that "
            f"is better or worse; choose one of {', '.join(usable) or 'none'}"
        )
    sign = 1 if better[outcome] is Better.MORE else -1
    with storage_errors(f"{without_credentials(comparison)}: cannot be read"):
        said = {side: _conversations(_folder(comparison, manifest, side)) for side in Side}
        pairs = _read(comparison / PAIRS_FILE)
    done = write_lines(_lines(pairs, said, outcome, sign), file, replace=replace)
    if not done.written:
        raise UsageError(
            f"comparison {manifest.comparison}: none of its {done.left_out} pairs has two replies "
            f"to the same history with another {outcome}; choose another outcome or comparison"
        )
    return done


def _manifest(comparison: UPath) -> ComparisonManifest:
    file = comparison / COMPARISON_MANIFEST_FILE
    with storage_errors(f"{without_credentials(file)}: cannot be read"):
        content = file.read_bytes()
    try:
        return ComparisonManifest.model_validate_json(content)
    except ValidationError as error:
        raise UsageError(
            f"{without_credentials(file)}: is no comparison of this Duologue "
            f"({error.error_count()} fields are wrong); compare again"
        ) from None


def _folder(comparison: UPath, manifest: ComparisonManifest, side: Side) -> UPath:
    """Finds a side's version: within the comparison, wherever that was moved to, if it was made
    for it.
    """
    record = manifest.sides[side]
    made_at = located(record.path)
    return made_at if record.is_published else comparison / side / made_at.name


def _conversations(folder: UPath) -> dict[tuple[str, int], Said]:
    columns = ["seed_id", "sample", "messages"]
    rows = _read(folder / CONVERSATIONS_FILE, columns)
    return {(row["seed_id"], row["sample"]): row["messages"] for row in rows}


def _read(file: UPath, columns: list[str] | None = None) -> list[dict[str, Any]]:
    with file.open("rb") as source:
        rows: list[dict[str, Any]] = pq.read_table(source, columns=columns).to_pylist()
    return rows


def _lines(
    pairs: Sequence[Mapping[str, Any]],
    said: Mapping[Side, Mapping[tuple[str, int], Said]],
    outcome: str,
    sign: int,
) -> Iterator[dict[str, Any] | None]:
    for pair in pairs:
        key = pair["seed_id"], pair["sample"]
        of_sides = [said[side].get(key) for side in (Side.BASELINE, Side.CANDIDATE)]
        before, after = (
            dict(pair[f"{side}_outcomes"] or ()).get(outcome)
            for side in (Side.BASELINE, Side.CANDIDATE)
        )
        if None in of_sides or before is None or after is None or before == after:
            yield None
            continue
        baseline, candidate = of_sides
        assert baseline is not None
        assert candidate is not None
        gain = sign * (after - before)
        chosen, rejected = (candidate, baseline) if gain > 0 else (baseline, candidate)
        yield _preference(chosen, rejected)


def _preference(chosen: Said, rejected: Said) -> dict[str, Any] | None:
    """Lays two conversations out as TRL's preference pair, if a reply is their first difference."""
    for index, (one, other) in enumerate(zip(chosen, rejected, strict=False)):
        if (one["role"], one["text"]) == (other["role"], other["text"]):
            continue
        if not one["role"] == other["role"] == "ASSISTANT":
            return None
        return {
            "prompt": [_message(message) for message in chosen[:index]],
            "chosen": [_message(one)],
            "rejected": [_message(other)],
        }
    return None


def _message(message: Mapping[str, Any]) -> dict[str, str]:
    return {"role": message["role"].lower(), "content": message["text"]}
