"""Writes what was mined: the seed file, and the real conversations next to it."""

import csv
import io
import json
from collections.abc import Iterable, Sequence

from upath import UPath

from duologue.errors import UsageError
from duologue.storage.files import located, prove_writable, storage_errors, write_whole
from duologue.storage.locations import without_credentials
from duologue.traffic.candidates import Candidate

REAL_CONVERSATIONS = "real_conversations.jsonl"
COLUMNS = "message", "cluster", "weight", "failing", "source_ids"
MOST_SOURCE_IDS = 20
"""Ids listed for each seed: enough to look at, and the row stays readable."""


def output_path(output: str, overwrite: bool) -> UPath:
    """Checks where the files are to be written, before anything is read.

    Raises:
        UsageError: the folder cannot be written to, the name is not that of a CSV file, or one of
            the two files is there and must not be overwritten.
    """
    path = _csv_path(output)
    if not overwrite:
        for place in (path, path.parent / REAL_CONVERSATIONS):
            _refuse_existing(place, "choose another folder, or add --overwrite to replace it")
    prove_writable(path.parent, "output", "choose another folder with --output")
    return path


def new_seed_file(output: str) -> UPath:
    """Checks where a seed file is to be written that must not be there yet.

    Raises:
        UsageError: it is there, its name is not that of a CSV file, or it cannot be written.
    """
    path = _csv_path(output)
    _refuse_existing(path, "choose another name")
    prove_writable(path.parent, "output", "choose another folder")
    return path


def _csv_path(output: str) -> UPath:
    path = located(output)
    if path.suffix.lower() != ".csv":
        raise UsageError(
            f"output {without_credentials(path)}: expected the path of a .csv file, as in seeds.csv"
        )
    return path


def _refuse_existing(path: UPath, remedy: str) -> None:
    subject = f"output {without_credentials(path)}"
    with storage_errors(f"{subject}: cannot be looked up"):
        exists = path.exists()
    if exists:
        raise UsageError(f"{subject}: is there already; {remedy}")


def write_seeds(path: UPath, chosen: Sequence[Candidate]) -> None:
    """Writes a seed file, whole or not at all."""
    with storage_errors(f"output {without_credentials(path)}: cannot be written to"):
        write_whole(path, _seeds(chosen))


def write_mined(path: UPath, chosen: Sequence[Candidate], candidates: Sequence[Candidate]) -> None:
    """Writes both files, each of them whole or not at all; the seed file last.

    Raises:
        UsageError: storage refuses.
    """
    with storage_errors(f"output {without_credentials(path)}: cannot be written to"):
        write_whole(path.parent / REAL_CONVERSATIONS, _conversations(candidates))
        write_whole(path, _seeds(chosen))


def _seeds(chosen: Iterable[Candidate]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in chosen:
        ids = [each.id for each in one.conversations[:MOST_SOURCE_IDS]]
        listed = json.dumps(ids, ensure_ascii=False)
        writer.writerow((one.message, one.cluster, one.weight, one.failing, listed))
    return text.getvalue().encode()


def _conversations(candidates: Iterable[Candidate]) -> bytes:
    lines = (
        json.dumps(
            {
                "conversation_id": one.id,
                "chat_history": [
                    {"text": message.text, "role": message.role.value} for message in one.messages
                ],
                "cluster": candidate.cluster,
                "weight": candidate.weight,
            },
            ensure_ascii=False,
        )
        for candidate in candidates
        for one in candidate.conversations
    )
    # Half of a surrogate pair cannot be written, and a replacement keeps the rest of its message.
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
