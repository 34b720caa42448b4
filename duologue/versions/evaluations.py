"""Writing an evaluation completely, or not at all.

    EVALUATIONS/EVALUATION/evaluation.parquet, report.html, and last of all evaluation.json

A run that is retried writes it again and replaces what it wrote before.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from io import RawIOBase

from upath import UPath

from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import FileRecord, Manifest, installed_version, seconds_between
from duologue.evaluation.gates import failed_gates
from duologue.evaluation.judging import summaries_by_side
from duologue.evaluation.manifest import (
    EVALUATION_MANIFEST_FILE,
    EvaluationManifest,
    SuiteRunRecord,
    VersionRecord,
)
from duologue.evaluation.plan import EvaluationPlan
from duologue.evaluation.replies import EVALUATION_VERSION, Side
from duologue.evaluation.rows import write_evaluation_parquet
from duologue.evaluation.scoring import Scored
from duologue.evaluation.summary import summarise
from duologue.participants.concurrency import AccountLimit
from duologue.report.evaluation_page import EVALUATION_REPORT_FILE, write_evaluation_report
from duologue.storage.files import make_folder, prove_writable, write_json
from duologue.storage.locations import without_credentials
from duologue.validation.verdict import NoVerdict
from duologue.versions.writing import export_errors, write_file

EVALUATION_FILE = "evaluation.parquet"


@dataclass(frozen=True, slots=True)
class EvaluationContents:
    """What an evaluation produced."""

    scored: Scored
    scorers: tuple[str, ...]
    """Names of all that scored."""
    test_suite: SuiteRunRecord | None
    started_at: datetime
    """UTC."""
    stopped_early: str | None = None
    """Why the run did not request all replies; None if it did."""
    no_verdicts: tuple[tuple[Side, NoVerdict], ...] = ()
    """Replies that a judge was asked about in vain, with their sides."""
    account_limits: tuple[AccountLimit, ...] = ()
    """What the accounts of the chatbots allowed, if they refused calls."""


def check_evaluations_writable(evaluations: UPath) -> None:
    """Proves that evaluations can be written, before anything is billed.

    Raises:
        UsageError: they cannot; says why.
    """
    prove_writable(evaluations, "evaluations", "choose another folder with `evaluations`")


def write_evaluation(
    plan: EvaluationPlan, evaluation: str, contents: EvaluationContents
) -> EvaluationManifest:
    """Writes every file of an evaluation, its manifest last.

    Raises:
        ExportError: it could not be written. The replies are kept for the next attempt.
    """
    folder = plan.evaluations / evaluation
    place = without_credentials(plan.evaluations)
    with export_errors(f"evaluation {evaluation}: cannot be written to {place}"):
        make_folder(folder)
        with suppress(FileNotFoundError):
            (folder / EVALUATION_MANIFEST_FILE).unlink()
        return _write_files(folder, plan, evaluation, contents)


def _write_files(
    folder: UPath, plan: EvaluationPlan, evaluation: str, contents: EvaluationContents
) -> EvaluationManifest:
    replies = contents.scored.replies
    rows = write_file(
        folder / EVALUATION_FILE,
        partial(write_evaluation_parquet, replies, plan.chatbots, contents.scorers),
    )
    manifest = _manifest(plan, evaluation, contents, [rows])
    report: Callable[[RawIOBase], None] = partial(write_evaluation_report, manifest, replies)
    record = write_file(folder / EVALUATION_REPORT_FILE, report)
    manifest = manifest.model_copy(update={"files": (rows, record)})
    write_json(folder / EVALUATION_MANIFEST_FILE, manifest)
    return manifest


def _manifest(
    plan: EvaluationPlan,
    evaluation: str,
    contents: EvaluationContents,
    files: Sequence[FileRecord],
) -> EvaluationManifest:
    created_at = datetime.now(UTC)
    settings = plan.settings
    sides, differences = summarise(contents.scored.replies, settings.scoring)
    return EvaluationManifest(
        evaluation=evaluation,
        version=_version(plan.folder, plan.manifest),
        settings=settings,
        evaluation_version=EVALUATION_VERSION,
        duologue_version=installed_version(),
        started_at=contents.started_at,
        created_at=created_at,
        seconds=seconds_between(contents.started_at, created_at),
        prefixes=len(plan.prefixes),
        sides=sides,
        differences=differences,
        judges=summaries_by_side(contents.scored.replies, contents.no_verdicts),
        failed_own_scorers=contents.scored.failed_own_scorers,
        noise=contents.scored.noise,
        test_suite=contents.test_suite,
        account_limits=contents.account_limits,
        failed_gates=failed_gates(
            sides,
            differences,
            len(plan.prefixes),
            settings.gates,
            contents.test_suite,
            contents.scored.noise,
            settings.candidate == plan.asked_again,
            contents.stopped_early,
        ),
        files=tuple(files),
    )


def _version(folder: UPath, manifest: Manifest) -> VersionRecord:
    digests = {file.name: file.sha256 for file in manifest.files}
    return VersionRecord(
        dataset=manifest.dataset,
        version=manifest.version,
        revision=manifest.revision,
        path=without_credentials(folder.absolute()),
        conversations_sha256=digests.get(CONVERSATIONS_FILE),
    )
