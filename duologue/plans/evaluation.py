"""What an evaluation is asked to do, checked before anything is paid for."""

from collections.abc import Iterable, Mapping
from typing import Any

from upath import UPath

from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import Manifest
from duologue.errors import UsageError
from duologue.evaluation.gates import check_gates
from duologue.evaluation.plan import EvaluationPlan
from duologue.evaluation.replies import Prefix, prefixes_of
from duologue.evaluation.scorers import load_scorers
from duologue.settings.evaluation import EvaluationOptions, EvaluationSettings
from duologue.settings.options import validated
from duologue.settings.participants import ParticipantInputs, ParticipantSettings
from duologue.settings.test_suites import CasePer, SuiteRunSettings
from duologue.storage.files import located
from duologue.storage.locations import absolute
from duologue.versions.finding import find_version
from duologue.versions.places import EVALUATIONS_FOLDER, EXAMPLE_VERSION, is_version
from duologue.versions.reading import read_seeded_conversations


def plan_evaluation(
    version: str = "latest",
    candidate: str = "",
    baseline: str = "",
    max_concurrency: int = 32,
    output: str = "datasets",
    name: str = "",
    advanced: EvaluationOptions | Mapping[str, Any] = EvaluationOptions(),
) -> EvaluationPlan:
    """Reads a version and checks what an evaluation on it is asked to do.

    Args:
        version: `latest`, a version, or a version's folder.
        candidate: who is evaluated, spelled as a participant is; empty for the version's chatbot,
            as it is by now.
        baseline: who it is compared with besides; empty for nobody.
        max_concurrency: replies asked for at a time.
        output: where datasets are.
        name: of the dataset; empty where the output holds only one with that version.
        advanced: the options.

    Raises:
        UsageError: there is no such version, it has nothing to evaluate on, or an option cannot be
            used.
    """
    advanced = validated(EvaluationOptions, advanced)
    found = find_version(version, output, name or None)
    folder, manifest = found.folder, found.manifest
    settings = _settings(manifest, candidate, baseline, max_concurrency, advanced)
    scorers = load_scorers(settings.scoring)
    check_gates(settings.gates, scorers.names, has_baseline=settings.baseline is not None)
    if advanced.resume is not None and not is_version(advanced.resume):
        raise UsageError(
            f"resume {advanced.resume!r}: expected an evaluation such as {EXAMPLE_VERSION}"
        )
    prefixes = _prefixes(folder, manifest, advanced.only_with_reference)
    _check_suite(settings.test_suite, prefixes)
    return EvaluationPlan(
        folder=folder,
        manifest=manifest,
        prefixes=prefixes,
        evaluations=located(absolute(advanced.evaluations))
        if advanced.evaluations
        else _beside(folder),
        settings=settings,
        scorers=scorers,
        resume=advanced.resume,
    )


def _settings(
    manifest: Manifest,
    candidate: str,
    baseline: str,
    max_concurrency: int,
    advanced: EvaluationOptions,
) -> EvaluationSettings:
    reference = manifest.settings.chatbot

    def chatbot(spelling: str, inputs: ParticipantInputs | None) -> ParticipantSettings:
        fields = ParticipantInputs.model_fields
        as_reference = ParticipantInputs(**{name: getattr(reference, name) for name in fields})
        return ParticipantSettings.parsed(spelling, inputs or as_reference)

    values = {
        "candidate": chatbot(candidate or reference.spelling, advanced.candidate_inputs),
        "baseline": chatbot(baseline, advanced.baseline_inputs) if baseline else None,
        "max_concurrency": max_concurrency,
        **{
            option: getattr(advanced, option)
            for option in EvaluationSettings.model_fields.keys() & EvaluationOptions.model_fields
        },
    }
    return validated(EvaluationSettings, values)


def _prefixes(folder: UPath, manifest: Manifest, only_with_reference: bool) -> tuple[Prefix, ...]:
    conversations = read_seeded_conversations(folder / CONVERSATIONS_FILE)
    prefixes = tuple(
        prefix
        for prefix in prefixes_of(conversations)
        if prefix.reference is not None or not only_with_reference
    )
    if not prefixes:
        raise UsageError(
            f"{manifest.dataset} {manifest.version}: holds nothing that a chatbot could reply to; "
            "evaluate on a version with valid conversations"
        )
    return prefixes


def _evaluations(chosen: str | None, folder: UPath) -> UPath:
    return located(absolute(chosen)) if chosen else _beside(folder)


def _beside(folder: UPath) -> UPath:
    # Of `.` and `..` the parent is not the folder they are in.
    place = folder if folder.name not in ("", "..") else folder.resolve()
    return place.parent / EVALUATIONS_FOLDER


def _check_suite(suite: SuiteRunSettings | None, prefixes: Iterable[Prefix]) -> None:
    if suite is None or suite.per is CasePer.PREFIX:
        return
    if not any(prefix.is_last for prefix in prefixes):
        raise UsageError(
            f"Test Suite {suite.suite!r}: its cases are conversations up to their last USER "
            "message, and only_with_reference leaves those out; evaluate on all prefixes, or push "
            "a case for every prefix"
        )
