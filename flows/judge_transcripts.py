"""Asks judges about transcripts that are in memory; `duologue check` runs it on this machine."""

from collections.abc import Callable, Sequence
from typing import Any

from prefect import flow, get_run_logger

from duologue.participants.budget import Spending
from duologue.participants.judging import ready_judges
from duologue.settings.check import CheckSettings
from duologue.settings.judges import parsed_judges
from duologue.storage.files import located
from duologue.storage.locations import absolute
from duologue.tasks.identify_run import open_checkpoints
from duologue.tasks.jobs import Limits
from duologue.tasks.judge import Judgements, JudgeRun, ask
from duologue.tasks.restrict_code import restrict_code
from duologue.tracing import traced_run
from duologue.validation.judges.choosing import is_asked
from duologue.validation.judges.question import Question
from duologue.validation.rule import Violation

SCOPE = "checked"
"""Of the stored answers: a transcript that stays the same is not judged again."""

RETRIES, RETRY_DELAY_SECONDS = 2, 5.0


def transcripts_flow(
    questions: Sequence[tuple[Question, Sequence[Violation]]], settings: CheckSettings, output: str
) -> Callable[..., Any]:
    """Makes the flow that judges these transcripts. They are no parameters: nothing of them leaves.

    Args:
        questions: each transcript with what the rules found in it.
        settings: the judges, and how they are asked.
        output: the folder next to whose datasets the answers are stored.

    Returns:
        A flow without parameters that returns `Judgements`.
    """

    @flow(name="judge-transcripts", persist_result=False, result_serializer="json")
    @traced_run
    async def judge_transcripts() -> Judgements:
        """Asks the judges about each transcript."""
        restrict_code()
        checkpoints = open_checkpoints(located(absolute(output)))
        ready = await ready_judges(parsed_judges(settings.judges), settings.call)
        for warning in ready.warnings:
            get_run_logger().warning("%s", warning)
        limits = Limits(settings.max_concurrency, RETRIES, RETRY_DELAY_SECONDS, None)
        spending = Spending(settings.budget, "the same `duologue check`")
        run = JudgeRun(ready.judges, settings.call, limits, SCOPE, "check", spending=spending)
        judgements = Judgements()
        for judge in run.judges:
            asked = [one for one, found in questions if is_asked(judge, one.id, found)]
            await ask(judge, asked, run, checkpoints, judgements)
        return judgements

    return judge_transcripts
