"""Which code a Python function or a local Workflow consists of: what a release is on Vellum."""

import hashlib
from pathlib import Path
from typing import TypeVar

from duologue.own_code import import_module
from duologue.settings.participants import ParticipantKind, ParticipantSettings

Settings = TypeVar("Settings", bound=ParticipantSettings)


def with_code(participant: Settings) -> Settings:
    """Returns a participant with the digest of its code; one whose code is not here as it is.

    That is the file of a function's module, and the folder of a package or of a Workflow. What
    these import from elsewhere is not part of it.

    Raises:
        UsageError: there is no such module, or this run may not import it.
    """
    if participant.kind not in (ParticipantKind.PYTHON, ParticipantKind.LOCAL):
        return participant
    name = participant.reference.split(":")[1]
    module = import_module(name, f"participant {participant.reference!r}")
    file = getattr(module, "__file__", None)
    if file is None:  # a builtin module, or a folder without a file of its own
        return participant
    is_in_package = bool(module.__package__)
    is_folder = Path(file).name == "__init__.py" or (
        participant.kind is ParticipantKind.LOCAL and is_in_package
    )
    return participant.model_copy(update={"code": _digest(Path(file), is_folder)})


def _digest(file: Path, is_folder: bool) -> str:
    files = sorted(file.parent.rglob("*.py")) if is_folder else [file]
    digest = hashlib.sha256()
    for one in files:
        digest.update(f"{one.relative_to(file.parent)}\0".encode())
        digest.update(hashlib.sha256(one.read_bytes()).digest())
    return digest.hexdigest()
