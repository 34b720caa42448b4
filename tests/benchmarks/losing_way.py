"""A way to be compared, as benchmarks have it, that keeps the first conversation and loses others.

As a process of its own: `python -m tests.benchmarks.losing_way SEEDS_FILE IN_FLIGHT RESULT_FILE`.
"""

import sys
from pathlib import Path

from benchmarks.measuring import Said, measured
from tests.support.vellum_stand_in import bot_reply, user_reply


def conversation(message: str) -> Said:
    return [
        ("USER", message),
        *(
            said
            for turn in "123"
            for said in (("ASSISTANT", bot_reply(turn, [])), ("USER", user_reply(turn, [])))
        ),
    ]


if __name__ == "__main__":
    messages = Path(sys.argv[1]).read_text().splitlines()
    with measured() as measurement:
        measurement.conversations = [conversation(messages[0]), *([] for _ in messages[1:])]
    measurement.save(sys.argv[3])
