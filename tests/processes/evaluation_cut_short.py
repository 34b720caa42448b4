"""Writes evaluations and is killed while at it. Run by tests/flows/test_evaluation_files.py.

python -m tests.processes.evaluation_cut_short OUTPUT
    For each file operation that writing an evaluation takes, forks a writer of an evaluation that
    is there already, and kills it at just that operation. Prints how many were killed, and how many
    of the evaluations are whole.
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from itertools import count

from duologue.conversation.messages import Message, Role
from duologue.evaluation.manifest import EVALUATION_MANIFEST_FILE
from duologue.evaluation.measured_noise import AskedAgain
from duologue.evaluation.plan import EvaluationPlan
from duologue.evaluation.replies import Side
from duologue.evaluation.scoring import score_replies
from duologue.plans.evaluation import plan_evaluation
from duologue.versions.evaluations import EvaluationContents, write_evaluation
from tests.dataset.making import STARTED_AT


def contents_of(plan: EvaluationPlan) -> EvaluationContents:
    """All that an evaluation made in which the candidate is changed."""
    reply = Message(role=Role.ASSISTANT, text="It says something else now.", latency_ms=100)
    replies = [(prefix, Side.CANDIDATE, reply) for prefix in plan.prefixes]
    again = AskedAgain(0, unmeasured="noise_samples is 0")
    scored = asyncio.run(
        score_replies(replies, plan.settings.scoring, plan.scorers, 1, again, 0, 60)
    )
    return EvaluationContents(scored, plan.scorers.names, None, STARTED_AT)


def main(output: str) -> None:
    """Cuts a writer short at each operation, until one has fewer than that."""
    plan = plan_evaluation(output=output)
    contents = contents_of(plan)
    for operation in count():
        started_at = datetime(2026, 11, 25, tzinfo=UTC) + timedelta(seconds=operation)
        evaluation = f"{started_at:%Y%m%dT%H%M%S}000Z-1a2b3c4d"
        write_evaluation(plan, evaluation, contents)
        writer = os.fork()
        if writer == 0:
            operations = count()

            def cut_short(event: str, arguments: tuple[object, ...]) -> None:
                on_output = any(str(argument).startswith(output) for argument in arguments)
                if on_output and next(operations) == operation:  # noqa: B023 - run in this fork
                    os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(cut_short)
            write_evaluation(plan, evaluation, contents)
            os._exit(0)
        _, status = os.waitpid(writer, 0)
        if status == 0:
            whole = list(plan.evaluations.glob(f"*/{EVALUATION_MANIFEST_FILE}"))
            sys.stdout.write(f"{operation} {len(whole)}")
            return


if __name__ == "__main__":
    main(sys.argv[1])
