"""Measures how many conversations a CPU second `duologue check` checks.

    python -m benchmarks.check_speed [CONVERSATIONS]

`check` is all of it but printing: reading a JSONL file, cutting stop tokens, all rules, and the
dataset rules. `all rules` and `dataset` are two of its parts on their own. The same run also reads
the same conversations with `json.loads`, so that the ratio means the same on any machine. The short
conversations have six messages of about 10 to 60 words, the long ones eight messages and some 3 KB,
of which the replies are the larger part, as they are with language models. They are made of the
bundled chatbot's sentences and an order number, because the rules take longer over a language than
over gibberish; no two are the same, so that nothing comes from a cache.
"""

import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from duologue.conversation.messages import Message, Role
from duologue.settings.rules import RuleSettings
from duologue.validation.check import check_messages
from duologue.validation.corpus import without_stop_token
from duologue.validation.dataset_rules.assess import Assessment, assess
from duologue.validation.dataset_rules.conversation import DatasetConversation
from duologue.validation.loading import load_rules
from duologue.validation.rule import Expectations, Rule
from duologue.validation.transcripts import check_transcripts, read_transcripts
from duologue.workflows.support_bot.faq import TOPICS

Size = tuple[int, tuple[int, int], tuple[int, int]]

SHORT, LONG = (6, (1, 3), (1, 3)), (8, (1, 4), (6, 13))
"""Messages of a conversation, and the least and most sentences of a user's and of an assistant's
message. Long ones have some 3 KB."""
TRIES = 3
"""The fastest counts: what slows the others down is not the code."""

CANARY = "kestrel-4417-azure"
SENTENCES = [
    sentence
    for topic in TOPICS
    for entry in topic.entries
    for answer in entry.answers
    for sentence in re.split(r"(?<=[.?!]) ", answer)
]


def main() -> None:
    """Prints conversations a second for short and for long conversations, and the ratios."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    _measure("short", count, SHORT)
    _measure("long", max(count // 5, 1), LONG)


def _measure(name: str, count: int, size: Size) -> None:
    conversations = [_conversation(random.Random(number), *size) for number in range(count)]
    characters = sum(len(m.text) for messages in conversations for m in messages) / count
    print(f"{name}: {characters:,.0f} characters a conversation")
    as_json = [json.dumps([asdict(message) for message in messages]) for messages in conversations]
    rules = load_rules(RuleSettings(canaries=(CANARY,)))
    nothing_expected = Expectations()

    def check() -> int:
        return sum(
            len(check_messages(messages, nothing_expected, rules)) for messages in conversations
        )

    def read() -> int:
        return sum(len(json.loads(text)) for text in as_json)

    members = [DatasetConversation(str(n), messages) for n, messages in enumerate(conversations)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "transcripts.jsonl"
        file.write_text("\n".join(as_json))
        whole = count / _seconds(lambda: _check_file(str(file), rules))
    parsed = count / _seconds(read)
    print(f"check       {whole:10,.0f} conversations per CPU second")
    print(f"all rules   {count / _seconds(check):10,.0f}  ({check()} violations found)")
    print(f"dataset     {count / _seconds(lambda: assess(members)):10,.0f}")
    print(f"json.loads  {parsed:10,.0f}")
    print(f"ratio       {parsed / whole:10.1f}")


def _check_file(file: str, rules: Sequence[Rule]) -> None:
    assessment = Assessment()
    transcripts, _ = without_stop_token(read_transcripts(file))
    for transcript, checked in check_transcripts(transcripts, rules):
        if checked.is_valid:
            assessment.add(DatasetConversation(transcript.id, transcript.messages))
    assessment.quality()


def _seconds(work: Callable[[], object]) -> float:
    return min(_timed(work) for _ in range(TRIES))


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _conversation(
    chance: random.Random, messages: int, by_user: tuple[int, int], by_assistant: tuple[int, int]
) -> list[Message]:
    sentences = iter(chance.sample(SENTENCES, messages * max(by_user[1], by_assistant[1])))
    return [
        Message(
            role=Role.ASSISTANT if number % 2 else Role.USER,
            text=_text(
                list(islice(sentences, chance.randint(*(by_assistant if number % 2 else by_user)))),
                chance,
            ),
        )
        for number in range(messages)
    ]


def _text(sentences: list[str], chance: random.Random) -> str:
    return f"{' '.join(sentences)} Order {chance.randint(10_000, 99_999)}."


if __name__ == "__main__":
    main()
