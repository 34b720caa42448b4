"""What an evaluation is asked to do, checked before anything is billed."""

from collections.abc import Iterable
from typing import Any

from upath import UPath

from duologue.dataset.formats import CONVERSATIONS_FILE
from duologue.dataset.manifest import Manifest
from duologue.errors import UsageError
from duologue.evaluation.gates import check_gates
from duologue.evaluation.plan import EvaluationPlan
from duologue.evaluation.replies import Prefix, prefixes_of
from duologue.evaluation.scorers import load_scorers
from duologue.plans.generation import refuse_lost_openings
from duologue.settings.evaluation import (
    EvaluationForm,
    EvaluationOptions,
    EvaluationSettings,
    StoredEvaluationOptions,
)
from duologue.settings.judges import parsed_judges
from duologue.settings.options import validated
from duologue.settings.participants import (
    ParticipantInputs,
    ParticipantKind,
    ParticipantSettings,
)
from duologue.settings.test_suites import CasePer, SuiteRunSettings
from duologue.storage.files import located
from duologue.storage.locations import absolute
from duologue.versions.finding import find_version
from duologue.versions.places import EVALUATIONS_FOLDER, EXAMPLE_VERSION, is_version
from duologue.versions.reading import read_seeded_conversations


def plan_evaluation(**parameters: Any) -> EvaluationPlan:
    """Reads a version and checks what an evaluation of it is asked to do.

    Args:
        **parameters: the flow's (`EvaluationForm`).

    Raises:
        UsageError: there is no such version, it has nothing to evaluate, or a setting cannot be
            used.
    """
    form = validated(EvaluationForm, parameters)
    advanced = form.advanced or EvaluationOptions()
    found = find_version(form.version, form.output, form.name or None)
    folder, manifest = found.folder, found.manifest
    settings = _settings(manifest, form, advanced)
    scorers = load_scorers(settings.scoring)
    check_gates(settings.gates, scorers.names, has_baseline=settings.baseline is not None)
    if advanced.resume is not None and not is_version(advanced.resume):
        raise UsageError(
            f"resume {advanced.resume!r}: expected an evaluation such as {EXAMPLE_VERSION}"
        )
    prefixes = _prefixes(folder, manifest, advanced.only_with_reference)
    _check_chatbots(manifest, settings, prefixes)
    _check_suite(settings.test_suite, prefixes)
    return EvaluationPlan(
        folder=folder,
        manifest=manifest,
        prefixes=prefixes,
        evaluations=located(absolute(advanced.evaluations))
        if advanced.evaluations
        else _next_to(folder),
        settings=settings,
        scorers=scorers,
        resume=advanced.resume,
    )


def _settings(
    manifest: Manifest, form: EvaluationForm, advanced: EvaluationOptions
) -> EvaluationSettings:
    recorded = manifest.settings.chatbot

    def chatbot(name: str, inputs: ParticipantInputs | None) -> ParticipantSettings:
        fields = ParticipantInputs.model_fields
        as_recorded = ParticipantInputs(**{field: getattr(recorded, field) for field in fields})
        return ParticipantSettings.parsed(name, inputs or as_recorded)

    return EvaluationSettings(
        candidate=chatbot(form.candidate or recorded.reference, advanced.candidate_inputs),
        baseline=chatbot(form.baseline, advanced.baseline_inputs) if form.baseline else None,
        judges=parsed_judges(advanced.judges, of_replies=True),
        max_concurrency=form.max_concurrency,
        **{name: getattr(advanced, name) for name in StoredEvaluationOptions.model_fields},
    )


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


def _check_chatbots(
    manifest: Manifest, settings: EvaluationSettings, prefixes: Iterable[Prefix]
) -> None:
    """Refuses chatbots that cannot reply in the middle of the version's conversations."""
    again = [manifest.settings.chatbot] if settings.noise_samples else []
    chatbots = [one for one in (settings.candidate, settings.baseline, *again) if one is not None]
    refuse_lost_openings((prefix.seed for prefix in prefixes), *chatbots)
    for chatbot in chatbots:
        # Vellum keeps the state of a Workflow's execution; no version has that of the others.
        if not chatbot.sees_only_latest or chatbot.kind is ParticipantKind.VELLUM:
            continue
        if any(prefix.turn_index > 1 for prefix in prefixes):
            raise UsageError(
                f"{chatbot.reference}: is sent only the latest message, and {manifest.dataset} "
                f"{manifest.version} has no state of it to continue conversations from; compare "
                "whole conversations with `duologue compare`"
            )


def _next_to(folder: UPath) -> UPath:
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
