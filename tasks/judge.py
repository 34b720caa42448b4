"""Asks judges about conversations: each call is a job of the one job engine.

A judge that fails leaves its conversations without its verdict, and nothing else: the others are
asked all the same, and no conversation becomes invalid.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from prefect import get_run_logger
from slugify import slugify

from duologue.conversation.messages import Conversation
from duologue.conversation.usage import Usage, total
from duologue.dataset.contents import DatasetContents
from duologue.errors import FatalError, TransientError, safe_message
from duologue.participants.budget import Spending
from duologue.participants.concurrency import Accounts
from duologue.participants.judging import ready_judges
from duologue.participants.opening import open_participants
from duologue.participants.protocol import Participant
from duologue.plans.generation import Job, Plan
from duologue.progress import Progress
from duologue.settings.judges import JudgeSettings
from duologue.settings.options import Record
from duologue.settings.participants import CallSettings, ParticipantKind
from duologue.settings.run import Budget, RunSettings
from duologue.simulation import Outcome
from duologue.tasks.artifacts import progress_artifact
from duologue.tasks.jobs import Limits, Work, run_jobs, try_to_store
from duologue.tracing import span
from duologue.validation.check import Checker
from duologue.validation.judges.choosing import is_asked
from duologue.validation.judges.question import Question, answer_key, call_of, question_of
from duologue.validation.judges.reading import (
    JudgeAnswer,
    UnreadableAnswerError,
    read_answer,
    read_preference,
)
from duologue.validation.judges.samples import combined, needed
from duologue.validation.verdict import NoVerdict, Verdict
from duologue.versions.checkpoints import Checkpoints


class StoredAnswer(Record):
    """A judge's answer, as a retried run finds it again."""

    answer: JudgeAnswer | None = None
    """None for the answer to a pairwise question."""
    preferred: float | None = None
    """1 if the first reply is better, 0 if the second is, 0.5 for a tie."""
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class JudgeJob:
    """One call of a judge."""

    judge: JudgeSettings
    question: Question
    sample: int
    key: str
    """The key of the answer's checkpoint."""

    @property
    def name(self) -> str:
        """The conversation, the judge and, from the second on, the sample."""
        sample = f"-{self.sample}" if self.sample > 1 else ""
        return f"{self.question.found_under}-by-{slugify(self.judge.title)}{sample}"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Why a call of a judge gave no answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class JudgeRun:
    """How the judges of a run are asked."""

    judges: Sequence[JudgeSettings]
    call: CallSettings
    limits: Limits
    scope: str
    """Of the checkpoints."""
    version: str
    """What the run makes, for the progress and Vellum's monitoring."""
    dataset: str = ""
    spending: Spending = field(default_factory=lambda: Spending(Budget()))
    record_usage: bool = False
    """Whether Workflow Deployments report the usage of their calls, for the budget."""


def judge_run(
    settings: RunSettings, scope: str, version: str, spending: Spending, dataset: str = ""
) -> JudgeRun:
    """Returns how the judges of a version are asked: bounded and retried as its conversations."""
    limits = Limits(
        settings.max_concurrency,
        settings.seed_retries,
        settings.seed_retry_delay_seconds,
        settings.conversations_per_task_run,
    )
    return JudgeRun(
        settings.judges,
        settings.call,
        limits,
        scope,
        version,
        dataset,
        spending,
        settings.record_usage,
    )


@dataclass(slots=True)
class Judgements:
    """What the judges of a run said."""

    verdicts: defaultdict[str, list[Verdict]] = field(default_factory=lambda: defaultdict(list))
    """By conversation, or by next turn; in the judges' order."""
    missing: list[NoVerdict] = field(default_factory=list)
    """Conversations that a judge was asked about in vain."""
    usage: dict[str, Usage] = field(default_factory=dict)
    """By judge, what the answers behind its verdicts used, if that is known. Answers that are too
    few for a verdict count with the run that completes them, so that none counts twice."""

    def add_usage(self, judge: str, outcomes: Iterable[StoredAnswer | Unanswered]) -> None:
        """Adds what a judge's answers used to what is known of it already."""
        answers = [one.usage for one in outcomes if isinstance(one, StoredAnswer)]
        if used := total([self.usage.get(judge), *answers]):
            self.usage[judge] = used


class Judging(Work[JudgeJob, StoredAnswer, Unanswered]):
    """The calls of one judge."""

    verb, noun, result = "judge", "conversation", StoredAnswer

    def __init__(self, judge: Participant, run: JudgeRun) -> None:
        self._judge = judge
        self._run = run

    async def do(self, job: JudgeJob, retries: int) -> StoredAnswer:
        """Asks the judge, and reads its answer; one that cannot be read is asked for again."""
        run, judge, question = self._run, job.judge, job.question
        messages, context = call_of(judge, question, run.dataset, run.version, retries + 1)
        with span(
            "judge",
            gen_ai__conversation__id=context.conversation_id,
            duologue__judge=judge.title,
            duologue__sample=job.sample,
        ):
            reply = await self._judge.reply(messages, context)
        try:
            if question.is_pairwise:
                preferred, _ = read_preference(reply.text)
                return StoredAnswer(preferred=preferred, usage=reply.usage)
            answer = read_answer(
                reply.text, judge.asked_criteria, judge.own_criterion, len(question.messages)
            )
        except UnreadableAnswerError as error:
            failure = _unreadable(judge, error)
        else:
            return StoredAnswer(answer=answer, usage=reply.usage)
        raise failure

    async def failed(self, job: JudgeJob, error: BaseException) -> Unanswered:
        """Returns why there is no answer; there is nothing to store."""
        reason = safe_message(error) if isinstance(error, Exception) else type(error).__name__
        return Unanswered(reason)

    def refusal(self) -> Exception | None:
        """Returns an error once the budget is spent."""
        return self._run.spending.exhausted

    def group(self, job: JudgeJob) -> str:
        """Returns what fails together: all verdicts of the judge."""
        return f"verdicts of {job.judge.title}"


async def judge_conversations(
    jobs: Sequence[Job],
    outcomes: Sequence[Outcome],
    checker: Checker,
    run: JudgeRun,
    checkpoints: Checkpoints,
    before: DatasetContents | None = None,
) -> Judgements:
    """Asks the judges of a run about the conversations that each is to read.

    Args:
        jobs: of the run.
        outcomes: what became of them, in their order.
        checker: says what the rules find, which decides what is doubtful.
        run: the judges, from `check_judges`, and how they are asked.
        checkpoints: where answers are stored.
        before: the version that is repaired; its verdicts stay.

    Returns:
        The verdicts by conversation; a judge that fails has none.
    """
    known = {
        (item.conversation.conversation_id, verdict.judge): item
        for item in (before.checked if before else ())
        for verdict in item.verdicts
    }
    judgements = Judgements(usage=dict(before.judge_usage) if before else {})
    for judge in run.judges:
        questions = []
        for job, outcome in zip(jobs, outcomes, strict=True):
            if not isinstance(outcome, Conversation):
                continue
            stored = known.get((outcome.conversation_id, judge.title))
            if stored is not None and stored.conversation.messages == outcome.messages:
                found = [one for one in stored.verdicts if one.judge == judge.title]
                judgements.verdicts[outcome.conversation_id] += found
            elif is_asked(
                judge, outcome.conversation_id, checker.check(outcome, job.seed).violations
            ):
                questions.append(question_of(outcome.conversation_id, outcome.messages, job.seed))
        await ask(judge, questions, run, checkpoints, judgements)
    return judgements


async def ask(
    judge: JudgeSettings,
    questions: Sequence[Question],
    run: JudgeRun,
    checkpoints: Checkpoints,
    judgements: Judgements,
) -> None:
    """Asks one judge, and adds its verdicts to those of the others."""
    if not questions:
        return
    jobs_of = {question.found_under: _jobs(judge, question, run.scope) for question in questions}
    # The same conversation is judged once, whatever its id.
    jobs = list({job.key: job for jobs in jobs_of.values() for job in jobs}.values())
    outcomes = await answers_to(judge, jobs, run, checkpoints)
    behind_verdicts: dict[str, StoredAnswer | Unanswered] = {}
    for question in questions:
        name = question.found_under
        answers = [outcomes[job.key] for job in jobs_of[name]]
        given = [one for one in answers if isinstance(one, StoredAnswer)]
        if found := _verdicts(judge, given):
            judgements.verdicts[name] += found
            behind_verdicts |= {job.key: outcomes[job.key] for job in jobs_of[name]}
        else:
            reason = next(one.reason for one in answers if isinstance(one, Unanswered))
            missing = NoVerdict(judge=judge.title, conversation_id=name, reason=reason)
            judgements.missing.append(missing)
    judgements.add_usage(judge.title, behind_verdicts.values())
    _log_missing(judge, judgements.missing)


def _jobs(judge: JudgeSettings, question: Question, scope: str) -> list[JudgeJob]:
    return [
        JudgeJob(judge, question, sample, f"{scope}/{answer_key(judge, question, sample)}-verdict")
        for sample in range(1, judge.samples + 1)
    ]


async def answers_to(
    judge: JudgeSettings, jobs: Sequence[JudgeJob], run: JudgeRun, checkpoints: Checkpoints
) -> Mapping[str, StoredAnswer | Unanswered]:
    """Makes the calls of one judge; returns its answers, or why there is none, by key."""
    progress = Progress(run.version, total=len(jobs), doing="judging", of="verdicts")
    participant, accounts = judge.participant, Accounts()
    if participant.kind is ParticipantKind.OPENAI:
        participant = participant.model_copy(update={"prompt": None})  # it is in the question
    async with (
        open_participants(
            [participant],
            run.call,
            run.limits.max_concurrency,
            run.spending,
            run.record_usage,
            accounts,
        ) as [opened],
        progress_artifact(progress),
    ):
        results = await run_jobs(jobs, Judging(opened, run), run.limits, checkpoints, progress)
    for limit in accounts.limits():
        get_run_logger().info(str(limit))
    return dict(zip((job.key for job in jobs), results.outcomes, strict=True))


def _verdicts(judge: JudgeSettings, given: Sequence[StoredAnswer]) -> tuple[Verdict, ...]:
    if len(given) < needed(judge.samples):
        return ()
    return combined(judge, [one.answer for one in given if one.answer is not None])


def _unreadable(judge: JudgeSettings, error: UnreadableAnswerError) -> Exception:
    """Returns the error of an answer that is no verdict. Code answers the same again."""
    is_code = judge.participant.kind in (ParticipantKind.PYTHON, ParticipantKind.LOCAL)
    kind = FatalError if is_code else TransientError
    return kind(
        f"{judge.title}: {error}; expected a verdict on "
        f"{', '.join(judge.asked_criteria) or 'at least one criterion'}, as in "
        '{"verdicts": [{"criterion": "…", "passed": true, "reason": "…", "message": 0}]}'
    )


def _log_missing(judge: JudgeSettings, missing: Iterable[NoVerdict]) -> None:
    reasons = Counter(one.reason for one in missing if one.judge == judge.title)
    for reason, count in reasons.most_common():
        get_run_logger().warning(
            "%s gave no verdict on %d conversations: %s", judge.title, count, reason
        )


class PinnedJudges(Record):
    """The judges of a run as they were first checked, for its retries."""

    wanted: tuple[JudgeSettings, ...]
    judges: tuple[JudgeSettings, ...]


async def check_judges(plan: Plan, version: str, checkpoints: Checkpoints) -> Plan:
    """Checks a run's judges before anything is billed; returns the plan with their releases."""
    settings = plan.settings
    judges = await pinned_judges(settings.judges, settings.call, version, checkpoints)
    return replace(plan, settings=settings.model_copy(update={"judges": judges}))


async def pinned_judges(
    judges: tuple[JudgeSettings, ...], call: CallSettings, version: str, checkpoints: Checkpoints
) -> tuple[JudgeSettings, ...]:
    """Checks the judges once for a run; its retries keep the releases.

    Raises:
        UsageError: a judge cannot be used.
    """
    if not judges:
        return ()
    key = f"{version}/judges"
    before = await checkpoints.read(key, PinnedJudges)
    if before is not None and before.wanted == judges:
        return before.judges
    ready = await ready_judges(judges, call)
    for warning in ready.warnings:
        get_run_logger().warning("%s", warning)
    storing = checkpoints.write(key, PinnedJudges(wanted=judges, judges=ready.judges))
    await try_to_store("the judges' releases", storing)
    return ready.judges
