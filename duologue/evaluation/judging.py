"""Judges of an evaluation's replies: what they are asked, and what their verdicts change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from duologue.conversation.messages import Message
from duologue.dataset.judges import JudgeSummary, judge_summaries
from duologue.evaluation.causes import BELOW_NOISE, regression_causes
from duologue.evaluation.plan import ReplyJob
from duologue.evaluation.replies import FailedReply, ScoredReply, Side, Verdict
from duologue.evaluation.rules import broken_rules
from duologue.evaluation.scoring import Scored
from duologue.settings.judges import JudgeSettings
from duologue.settings.rules import Severity
from duologue.validation import verdict
from duologue.validation.judges.choosing import is_asked
from duologue.validation.judges.question import Question
from duologue.validation.rule import Violation
from duologue.validation.verdict import NoVerdict

Replies = Sequence[tuple[ReplyJob, Message | FailedReply]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A pairwise question, asked once in each order."""

    id: str
    forward: Question
    """The reply comes first."""
    swapped: Question
    """The reference reply comes first."""


def questions_about(judge: JudgeSettings, replies: Replies) -> Iterator[Question]:
    """Yields the question about each reply that a judge is to read.

    The judge reads the conversation up to the reply, and receives the reply and the reference reply
    by name as well. A reply that breaks a rule, such as a refusal, counts as doubtful.
    """
    for job, reply in _asked(judge, replies):
        reference = job.prefix.reference
        yield Question(
            job.name,
            (*job.prefix.chat_history, reply),
            job.prefix.seed,
            {"reply": reply.text, "reference_reply": reference.text if reference else ""},
        )


def pairs_about(judge: JudgeSettings, replies: Replies) -> Iterator[Pair]:
    """Yields the pairwise question about each reply that a judge is to read and that has a
    reference reply.
    """
    for job, reply in _asked(judge, replies):
        prefix = job.prefix
        if prefix.reference is None or not (reply.text and prefix.reference.text):
            continue
        texts = reply.text, prefix.reference.text
        forward, swapped = (
            Question(
                job.name,
                prefix.chat_history,
                prefix.seed,
                {"first_reply": first, "second_reply": second},
            )
            for first, second in (texts, texts[::-1])
        )
        yield Pair(job.name, forward, swapped)


def _asked(judge: JudgeSettings, replies: Replies) -> Iterator[tuple[ReplyJob, Message]]:
    for job, reply in replies:
        if isinstance(reply, Message):
            broken = broken_rules(reply, None)
            found = [Violation(rule, Severity.WARNING, None, rule) for rule in broken]
            if is_asked(judge, job.prefix.next_turn_id, found):
                yield job, reply


def failed_criteria(reply: ScoredReply) -> tuple[str, ...]:
    """Returns the criteria that a judge says a reply fails, sorted; those of `info` left out."""
    return tuple(
        sorted(
            {
                one.criterion
                for one in reply.verdicts
                if not one.passed and one.severity is not Severity.INFO
            }
        )
    )


def with_verdicts(
    scored: Scored, replies: Replies, verdicts: Mapping[str, Sequence[verdict.Verdict]]
) -> Scored:
    """Adds the judges' verdicts to scored replies; one that fails a criterion has regressed.

    Args:
        scored: in the order of the replies.
        replies: with their jobs.
        verdicts: by the jobs' names.
    """
    judged = []
    for reply, (job, _) in zip(scored.replies, replies, strict=True):
        reply = replace(reply, verdicts=tuple(verdicts.get(job.name, ())))
        if failed := failed_criteria(reply):
            own = [cause for cause in reply.causes if cause != BELOW_NOISE]
            causes = (*own, *regression_causes((), failed, BELOW_NOISE in reply.causes))
            reply = replace(reply, verdict=Verdict.REGRESSED, causes=causes)
        judged.append(reply)
    return replace(scored, replies=tuple(judged))


def summaries_by_side(
    replies: Iterable[ScoredReply], missing: Iterable[tuple[Side, NoVerdict]]
) -> dict[Side, dict[str, JudgeSummary]]:
    """Counts the verdicts on each side's replies; empty if no judge was asked.

    Args:
        replies: with their verdicts.
        missing: the questions without an answer, and whose reply each was about.
    """
    given, unanswered = list(replies), list(missing)
    found = {
        side: judge_summaries(
            [reply.verdicts for reply in given if reply.side is side],
            [one for of, one in unanswered if of is side],
        )
        for side in Side
    }
    return {side: summaries for side, summaries in found.items() if summaries}
