"""The manifest: what a version says about itself. Written last: without it there is no version."""

import importlib.metadata
import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError
from upath import UPath

from duologue.conversation.usage import Usage, total
from duologue.dataset.changes import Changes
from duologue.dataset.contents import DatasetContents
from duologue.dataset.counts import Counts, UnaccountedSeedsError
from duologue.dataset.gates import reasons_to_hold_back
from duologue.dataset.judges import JudgeSummary, judge_summaries
from duologue.dataset.realism import RunRealism
from duologue.dataset.schema_version import SCHEMA_VERSION
from duologue.errors import BudgetExhaustedError, UnsatisfactoryRunError, UsageError
from duologue.participants.concurrency import AccountLimit
from duologue.settings.options import Record
from duologue.settings.rules import BROKEN_REPLY
from duologue.settings.run import RunSettings
from duologue.simulation import GENERATOR_VERSION
from duologue.storage.files import describe_storage_error
from duologue.storage.locations import without_credentials
from duologue.validation.quality import DatasetQuality

MANIFEST_FILE = "manifest.json"
MANIFEST_VERSION = 1
"""Raised when a manifest's fields change, so that an older Duologue can say why it cannot read."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SeedFileRecord(Record):
    """The seed file that a version was made from."""

    path: str
    """As it was given; of a URL without user name, password and query."""
    sha256: Sha256
    """Of the file's bytes, as they are stored."""
    columns_note: str
    """Which column held the message, and how it was found."""


class FileRecord(Record):
    """One file of a version other than the manifest."""

    name: str
    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256
    rows: int | None = None
    """Without the header; None for a file without rows."""


class Manifest(Record):
    """What a version is made of, and how. All times are UTC."""

    manifest_version: Literal[1] = 1
    dataset: str
    version: str
    revision: Annotated[int, Field(ge=1)]
    """From 1; raised when a retry or a rerun writes the same version again."""
    schema_version: str
    generator_version: str
    duologue_version: str
    """Of the package that wrote it; `unknown` if it ran from source, not installed."""
    started_at: datetime
    """When the run started."""
    created_at: datetime
    """When the version's data files had been written."""
    seconds: float
    """From `started_at` to `created_at`; 0 if the clock was set back in between."""
    seed_file: SeedFileRecord
    settings: RunSettings
    counts: Counts
    attempts: Annotated[int, Field(ge=0)]
    """Total number of attempts over all conversations."""
    held_back: tuple[str, ...]
    """Why it is not published, a sentence each: the gates it does not pass, or that its run stopped
    early. Empty if it is."""
    changes: Changes | None
    """Against the version before, or the revision before; None if there is none."""
    broken_rules: dict[str, int]
    """By rule, how many conversations break it: valid ones with a warning, and invalid ones."""
    information: dict[str, int] = {}
    """By rule of severity `info`, how many conversations it reports."""
    judges: dict[str, JudgeSummary] = {}
    """By judge, what it was asked and what it said."""
    failed_by_error_class: dict[str, int]
    """By the error they ended with, how many conversations could not be simulated."""
    usage: Usage | None = None
    """What all calls for its conversations used, failed and invalid ones and the judges' included,
    as far as it is known; None where it was not recorded."""
    account_limits: tuple[AccountLimit, ...] = ()
    """What the accounts of the participants allowed in the run that wrote it; empty if they refused
    no calls. Of a run in shards, the most that any shard was allowed."""
    quality: DatasetQuality
    """Of its conversations as a whole, and against the versions before."""
    files: tuple[FileRecord, ...]

    @property
    def left_undone(self) -> int:
        """Conversations not made, or not completed, because the budget was spent."""
        return self.failed_by_error_class.get(BudgetExhaustedError.__name__, 0)


def manifest_of(
    name: str,
    version: str,
    revision: int,
    changes: Changes | None,
    quality: DatasetQuality,
    realism: RunRealism,
    contents: DatasetContents,
    files: Iterable[FileRecord],
) -> Manifest:
    """Builds the manifest of a version whose data files have just been written.

    Raises:
        UnaccountedSeedsError: the contents lost or duplicated a seed.
    """
    created_at = datetime.now(UTC)
    counts = contents.counts
    broken_rules = _sorted_counts(
        rule for item in contents.checked for rule in (*item.broken_rules, *item.warnings)
    )
    judges = judge_summaries(
        (item.verdicts for item in contents.checked), contents.no_verdicts, contents.judge_usage
    )
    return Manifest(
        dataset=name,
        version=version,
        revision=revision,
        schema_version=SCHEMA_VERSION,
        generator_version=GENERATOR_VERSION,
        duologue_version=installed_version(),
        started_at=contents.started_at,
        created_at=created_at,
        seconds=seconds_between(contents.started_at, created_at),
        seed_file=SeedFileRecord(
            path=without_credentials(contents.seed_file.path),
            sha256=contents.seed_file.sha256,
            columns_note=contents.seed_file.columns_note,
        ),
        settings=contents.settings,
        counts=counts,
        attempts=sum(item.conversation.attempts for item in contents.checked)
        + sum(item.draft.attempts for item in contents.failed),
        held_back=reasons_to_hold_back(
            counts,
            contents.settings.gates,
            quality.findings,
            contents.stopped_early,
            broken_rules.get(BROKEN_REPLY, 0),
            judges,
            realism,
        ),
        changes=changes,
        broken_rules=broken_rules,
        information=_sorted_counts(rule for item in contents.checked for rule in item.information),
        judges=judges,
        failed_by_error_class=_sorted_counts(item.error_class for item in contents.failed),
        usage=total(
            [
                *(item.conversation.usage for item in contents.checked),
                *(item.draft.usage for item in contents.failed),
                *contents.judge_usage.values(),
            ]
        ),
        account_limits=contents.account_limits,
        quality=quality,
        files=tuple(files),
    )


def read_manifest(path: UPath) -> Manifest:
    """Reads a version's manifest.

    Raises:
        UsageError: it is not there, is not a manifest, or is one of a newer Duologue.
    """
    place = without_credentials(path)
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise UsageError(
            f"{place}: not found; a version is there only once its {MANIFEST_FILE} is written"
        ) from error
    except OSError as error:
        raise UsageError(f"{place}: cannot be read: {describe_storage_error(error)}") from error
    except ValueError as error:
        raise UsageError(f"{place}: is not JSON; expected a manifest of Duologue") from error
    written_by = content.get("manifest_version") if isinstance(content, dict) else None
    if isinstance(written_by, int) and written_by > MANIFEST_VERSION:
        raise UsageError(
            f"{place}: manifest version {written_by} is of a newer Duologue, and this one reads "
            f"up to {MANIFEST_VERSION}; upgrade Duologue to read it"
        )
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise UsageError(
            f"{place}: is not a manifest of Duologue: {where}: {first['msg']}"
        ) from error
    except UnaccountedSeedsError as error:
        raise UsageError(f"{place}: was changed by hand or damaged: {error}") from error


def _sorted_counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def seconds_between(started_at: datetime, ended_at: datetime) -> float:
    """Returns a duration, to the millisecond; 0 if the clock was set back."""
    return max(0.0, round((ended_at - started_at).total_seconds(), 3))


def installed_version() -> str:
    """Returns the version of Duologue; `unknown` if it runs from source, not installed."""
    try:
        return importlib.metadata.version("duologue")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


class IncompleteDatasetError(UnsatisfactoryRunError):
    """A version was written without all its conversations; `manifest` says what is missing."""

    manifest: Manifest
