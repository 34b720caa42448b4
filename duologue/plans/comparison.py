"""What a comparison is asked to do, checked before anything is billed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from upath import UPath

from duologue.comparison.gates import check_gates
from duologue.comparison.outcomes import BUILT_IN
from duologue.comparison.scorers import ConversationScorer, load_scorers, outcomes_of
from duologue.comparison.sides import Side
from duologue.comparison.verdicts import may_answer_more, outcomes_of_judges
from duologue.conversation.messages import Conversation, EndReason, Message
from duologue.dataset.contents import DatasetContents
from duologue.errors import UsageError
from duologue.plans.generation import Job, jobs_of, without_lost_openings
from duologue.plans.resumed_comparison import with_stored_settings
from duologue.seeds import SeedFile, read_seeds
from duologue.settings.comparison import (
    ComparisonForm,
    ComparisonOptions,
    ComparisonSettings,
    StoredComparisonOptions,
)
from duologue.settings.dataset_names import dataset_name_from
from duologue.settings.judges import JudgeSettings, parsed_judges
from duologue.settings.options import validated
from duologue.settings.participants import (
    ParticipantInputs,
    ParticipantMode,
    ParticipantSettings,
)
from duologue.settings.run import BUNDLED_SIMULATED_USER, RunSettings, TurnSettings
from duologue.simulation import Draft
from duologue.storage.locations import absolute
from duologue.validation.loading import load_rules
from duologue.validation.seeds import checked_seeds
from duologue.versions.finding import find_version
from duologue.versions.places import (
    COMPARISONS_FOLDER,
    DatasetFolder,
    Version,
)
from duologue.versions.reading import read_contents


@dataclass(frozen=True, slots=True)
class ComparedJob(Job):
    """One conversation of one side to simulate."""

    side: Side

    @property
    def name(self) -> str:
        """The side and the conversation's id."""
        return f"{self.side}-{self.conversation_id}"


@dataclass(frozen=True, slots=True)
class ComparisonPlan:
    """Everything a comparison needs to know before it starts."""

    dataset: DatasetFolder
    settings: ComparisonSettings
    runs: Mapping[Side, RunSettings]
    """How each side is simulated, or was."""
    seed_file: SeedFile
    version: Version | None
    """The version whose seeds are used; None for a seed file."""
    published: Version | None
    """The same, if its conversations are the baseline; None if that side is simulated."""
    earlier: DatasetContents | None
    """The version's conversations, if there is a version."""
    scorers: Mapping[str, ConversationScorer]
    form: ComparisonForm
    """Its settings, with the version's name instead of `latest`; needed to resume it."""
    resume: str | None

    @property
    def earlier_version(self) -> str | None:
        """The name of the version whose seeds are used; None for a seed file."""
        return self.version.manifest.version if self.version else None

    @property
    def folder(self) -> UPath:
        """The folder of the dataset's comparisons."""
        return self.dataset.folder / COMPARISONS_FOLDER

    @property
    def simulated_sides(self) -> tuple[Side, ...]:
        """The sides to simulate."""
        return (Side.CANDIDATE,) if self.published else (Side.BASELINE, Side.CANDIDATE)

    def side_folder(self, comparison: str, side: Side) -> DatasetFolder:
        """Returns where a simulated side is written, like a dataset of one version."""
        return DatasetFolder(str(self.folder / comparison), side.value)

    def judged_by(self, judges: tuple[JudgeSettings, ...]) -> Self:
        """Returns the plan with the judges' releases."""
        return replace(
            self,
            settings=self.settings.model_copy(update={"judges": judges}),
            runs={
                side: run.model_copy(update={"judges": judges}) for side, run in self.runs.items()
            },
        )

    def jobs(self, comparison: str) -> list[ComparedJob]:
        """Lists the conversations to simulate, side by side: an outage affects both alike."""
        by_side = [
            [
                ComparedJob(job.seed, job.sample, f"{job.key}-{side}", side)
                for job in jobs_of(self.seed_file.seeds, self.runs[side], comparison)
            ]
            for side in self.simulated_sides
        ]
        return [job for pair in zip(*by_side, strict=True) for job in pair]

    def opening(self, job: Job) -> Draft:
        """Starts a conversation: with its seed message, or with the turns that both sides keep."""
        turns = self.settings.from_turn
        if turns is None:
            return Draft.of(job.seed)
        earlier = self._earlier_conversation(job)
        if earlier is None:
            raise UsageError(
                f"conversation {job.conversation_id}: the version has no conversation to continue"
            )
        kept = [_said(message) for message in earlier.messages[: earlier.opening + 1 + 2 * turns]]
        ended = len(kept) == len(earlier.messages) and earlier.end_reason is not EndReason.MAX_TURNS
        return Draft(
            messages=kept,
            started_at=datetime.now(UTC),
            opening=len(kept),
            user_has_ended=ended,
        )

    def baseline_conversations(self) -> dict[str, Conversation]:
        """Returns the version's conversations by id, if they are the baseline; else none yet."""
        if self.published is None or self.earlier is None:
            return {}
        return {
            made.conversation.conversation_id: made.conversation for made in self.earlier.checked
        }

    def _earlier_conversation(self, job: Job) -> Conversation | None:
        assert self.earlier is not None
        of_seed = [
            made.conversation
            for made in self.earlier.checked
            if made.seed.seed_id == job.seed.seed_id
        ]
        by_sample = {made.sample: made for made in of_seed}
        return by_sample.get(job.sample) or (of_seed[0] if of_seed else None)


def _said(message: Message) -> Message:
    """Copies what was said, without the execution that said it."""
    return Message(role=message.role, text=message.text, content=message.content)


def plan_comparison(**parameters: Any) -> ComparisonPlan:
    """Reads the version or the seed file, and checks what a comparison is asked to do.

    Args:
        **parameters: the flow's (`ComparisonForm`).

    Raises:
        UsageError: there is no candidate, no such version or seed file, or a setting cannot be
            used.
    """
    form = with_stored_settings(validated(ComparisonForm, parameters))
    options = form.advanced or ComparisonOptions()
    _check_form(form, options)
    version = None if form.seeds else _version(form)
    settings = _settings(form, options, version)
    by_judges = outcomes_of_judges(settings.judges)
    scorers = load_scorers(options.scorers, [*BUILT_IN, *by_judges])
    check_gates(
        options.gates,
        (*BUILT_IN, *by_judges, *outcomes_of(scorers)),
        may_have_more=may_answer_more(settings.judges),
    )
    earlier = read_contents(version) if version else None
    runs = _runs(settings, version)
    seed_file = (
        checked_seeds(read_seeds(form.seeds), load_rules(runs[Side.CANDIDATE].rules))
        if earlier is None
        else _seeds_of(earlier, options.from_turn)
    )
    sides = (settings.baseline, settings.candidate, settings.simulated_user)
    seed_file = without_lost_openings(seed_file, *sides)
    if not seed_file.seeds:
        raise UsageError(
            f"{form.seeds or version}: has nothing to compare; expected at least one seed"
        )
    name = version.manifest.dataset if version else form.name or dataset_name_from(form.seeds)
    output = version.dataset.output if version else absolute(form.output)
    return ComparisonPlan(
        dataset=DatasetFolder(output, name),
        settings=settings,
        runs=runs,
        seed_file=seed_file,
        version=version,
        published=None if form.baseline else version,
        earlier=earlier,
        scorers=scorers,
        form=_to_resume(form, options, version),
        resume=options.resume,
    )


def _check_form(form: ComparisonForm, options: ComparisonOptions) -> None:
    if not form.candidate:
        raise UsageError("candidate is empty; name the chatbot with the change, as in bot@staging")
    if form.seeds and not form.baseline:
        raise UsageError(
            f"seeds {form.seeds!r}: nobody talked about them yet; name a baseline to simulate, or "
            "leave seeds empty to compare with a version"
        )
    if form.seeds and form.baseline_version:
        raise UsageError(
            f"seeds {form.seeds!r} and baseline_version {form.baseline_version!r}: both say what "
            "the seeds are; leave one empty"
        )
    if options.from_turn is not None and form.seeds:
        raise UsageError(
            f"from_turn {options.from_turn}: continues the conversations of a version, and seeds "
            f"{form.seeds!r} has none; leave seeds empty"
        )


def _to_resume(
    form: ComparisonForm, options: ComparisonOptions, version: Version | None
) -> ComparisonForm:
    named = {"baseline_version": version.manifest.version} if version else {}
    return form.model_copy(
        update={"advanced": options.model_copy(update={"resume": None}), **named}
    )


def _version(form: ComparisonForm) -> Version:
    return find_version(form.baseline_version or "latest", form.output, form.name or None)


def _settings(
    form: ComparisonForm, options: ComparisonOptions, version: Version | None
) -> ComparisonSettings:
    before = version.manifest.settings if version else None
    chatbot = before.chatbot if before else None
    user = before.simulated_user if before else None

    turns = form.turns or (before.simulation.turns if before else TurnSettings().turns)
    settings = ComparisonSettings(
        candidate=_participant(form.candidate, options.candidate_inputs, chatbot),
        baseline=_participant(form.baseline, options.baseline_inputs, chatbot)
        if form.baseline or chatbot is None
        else chatbot,
        simulated_user=_simulated_user(form, options, user),
        turns=turns,
        samples=form.samples or (before.conversations_per_seed if before else 1),
        max_concurrency=form.max_concurrency,
        judges=_judges(options, before),
        **{name: getattr(options, name) for name in StoredComparisonOptions.model_fields},
    )
    _check_from_turn(settings)
    return settings


def _participant(
    name: str, inputs: ParticipantInputs | None, like: ParticipantSettings | None
) -> ParticipantSettings:
    return ParticipantSettings.parsed(name, inputs or _inputs(like))


def _simulated_user(
    form: ComparisonForm, options: ComparisonOptions, before: ParticipantSettings | None
) -> ParticipantSettings:
    """Returns the simulated user: the version's in its release, unless another one is named."""
    inputs = options.simulated_user_inputs
    if before is not None and inputs is None and form.simulated_user in ("", before.reference):
        return before
    name = form.simulated_user or (before.reference if before else BUNDLED_SIMULATED_USER)
    return ParticipantSettings.parsed(name, inputs or _inputs(before), takes_scenario=True)


def _judges(options: ComparisonOptions, before: RunSettings | None) -> tuple[JudgeSettings, ...]:
    """Returns the judges that are named, or else the version's in their releases."""
    if options.judges is not None:
        return parsed_judges(options.judges)
    return before.judges if before else ()


def _inputs(like: ParticipantSettings | None) -> ParticipantInputs:
    if like is None:
        return ParticipantInputs()
    return ParticipantInputs(
        **{field: getattr(like, field) for field in ParticipantInputs.model_fields}
    )


def _check_from_turn(settings: ComparisonSettings) -> None:
    if settings.from_turn is None:
        return
    if settings.from_turn >= settings.turns:
        raise UsageError(
            f"from_turn {settings.from_turn}: conversations have at most {settings.turns} turns, "
            f"so nothing would be left to simulate; choose at most {settings.turns - 1}"
        )
    for participant in (settings.baseline, settings.candidate, settings.simulated_user):
        if participant.mode is ParticipantMode.STATEFUL:
            raise UsageError(
                f"from_turn {settings.from_turn}: {participant.reference} is stateful and cannot "
                "start in the middle of a conversation; leave from_turn empty"
            )


def _runs(settings: ComparisonSettings, version: Version | None) -> dict[Side, RunSettings]:
    """Says how each side is simulated.

    An invalid conversation is a result and is not discarded, unless those of the version were: both
    sides must have had the same chances.
    """
    shared = {
        name: getattr(settings, name)
        for name in (
            *("max_concurrency", "record_usage", "budget", "call", "simulated_user"),
            *("seed_retry_delay_seconds", "conversations_per_task_run"),
        )
    }
    shared |= {"conversations_per_seed": settings.samples, "seed_retries": 0}
    shared |= {"judges": settings.judges}
    turns = {"turns": settings.turns}
    if version is None:
        base = RunSettings(chatbot=settings.candidate, simulated_user=settings.simulated_user)
    else:
        base = version.manifest.settings
    simulation = base.simulation.model_copy(update=turns)
    shared |= {"simulation": simulation, "test_suite": None, "global_limit": None}
    return {
        side: base.model_copy(update=shared | {"chatbot": chatbot})
        for side, chatbot in (
            (Side.BASELINE, settings.baseline),
            (Side.CANDIDATE, settings.candidate),
        )
    }


def _seeds_of(earlier: DatasetContents, from_turn: int | None) -> SeedFile:
    """Returns the version's seeds; those without a conversation to continue are left out."""
    if from_turn is None:
        return earlier.seed_file.without({})
    continued = {made.seed.seed_id for made in earlier.checked}
    gone = {
        seed.seed_id: "the version has no conversation of it to continue"
        for seed in earlier.seed_file.seeds
        if seed.seed_id not in continued
    }
    return earlier.seed_file.without(gone)
