"""Asks judges about an evaluation's replies, each next to its reference reply."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from duologue.evaluation.judging import Pair, Replies, pairs_about, questions_about
from duologue.evaluation.plan import EvaluationPlan
from duologue.evaluation.replies import Side
from duologue.settings.judges import PREFERRED, JudgeSettings
from duologue.tasks.jobs import Limits
from duologue.tasks.judge import (
    JudgeJob,
    Judgements,
    JudgeRun,
    StoredAnswer,
    Unanswered,
    answers_to,
    ask,
    pinned_judges,
)
from duologue.validation.judges.question import Question, answer_key
from duologue.validation.judges.samples import preference
from duologue.validation.verdict import NoVerdict, Verdict
from duologue.versions.checkpoints import Checkpoints


async def check_reply_judges(
    plan: EvaluationPlan, evaluation: str, checkpoints: Checkpoints
) -> EvaluationPlan:
    """Checks an evaluation's judges, and pins them to their releases.

    Raises:
        UsageError: a judge cannot be used.
    """
    settings = plan.settings
    scope = plan.scope(evaluation)
    judges = await pinned_judges(settings.judges, settings.call, scope, checkpoints)
    return replace(plan, settings=settings.model_copy(update={"judges": judges}))


async def judge_replies(
    plan: EvaluationPlan, evaluation: str, replies: Replies, checkpoints: Checkpoints
) -> Judgements:
    """Asks the judges of an evaluation about its replies.

    Returns:
        The verdicts by the replies' names; a judge that fails has none.
    """
    settings = plan.settings
    limits = Limits(
        settings.max_concurrency,
        settings.reply_retries,
        settings.reply_retry_delay_seconds,
        settings.replies_per_task_run,
    )
    run = JudgeRun(
        settings.judges,
        settings.call,
        limits,
        plan.scope(evaluation),
        evaluation,
        plan.manifest.dataset,
    )
    judgements = Judgements()
    for judge in settings.judges:
        await ask(judge, list(questions_about(judge, replies)), run, checkpoints, judgements)
        if judge.pairwise:
            pairs = list(pairs_about(judge, replies))
            await _compare(judge, pairs, run, checkpoints, judgements)
    return judgements


def missing_by_side(replies: Replies, judgements: Judgements) -> list[tuple[Side, NoVerdict]]:
    """Returns the questions without an answer, and whose reply each was about."""
    sides = {job.name: job.side for job, _ in replies}
    return [(sides[one.conversation_id], one) for one in judgements.missing]


async def _compare(
    judge: JudgeSettings,
    pairs: Sequence[Pair],
    run: JudgeRun,
    checkpoints: Checkpoints,
    judgements: Judgements,
) -> None:
    """Asks the pairwise questions of one judge."""
    if not pairs:
        return
    by_pair = {
        pair.id: (_job(judge, pair.forward, run), _job(judge, pair.swapped, run)) for pair in pairs
    }
    jobs = list({job.key: job for both in by_pair.values() for job in both}.values())
    outcomes = await answers_to(judge, jobs, run, checkpoints)
    for id_, both in by_pair.items():
        found = _preference(judge, outcomes, both)
        if isinstance(found, Verdict):
            judgements.verdicts[id_].append(found)
        else:
            missing = NoVerdict(judge=judge.title, conversation_id=id_, reason=found.reason)
            judgements.missing.append(missing)


def _job(judge: JudgeSettings, question: Question, run: JudgeRun) -> JudgeJob:
    return JudgeJob(judge, question, 1, f"{run.scope}/{answer_key(judge, question, 1)}-verdict")


def _preference(
    judge: JudgeSettings,
    outcomes: Mapping[str, StoredAnswer | Unanswered],
    jobs: tuple[JudgeJob, JudgeJob],
) -> Verdict | Unanswered:
    answers = [outcomes[job.key] for job in jobs]
    unanswered = next((one for one in answers if isinstance(one, Unanswered)), None)
    if unanswered is not None:
        return unanswered
    forward, swapped = (
        one.preferred
        for one in answers
        if isinstance(one, StoredAnswer) and one.preferred is not None
    )
    return preference(judge, PREFERRED, forward, swapped)
