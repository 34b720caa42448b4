"""What public bug reports did to other tools' runs, and what Duologue makes of it.

The inputs are invented look-alikes. `Report.source` names the repository and the issue or pull
request. `tests/validation/test_public_reports.py` has those about seed files and transcripts.
"""

import io
from dataclasses import dataclass
from typing import Any

import pytest

from duologue.cli.prefect_server import start_failure
from duologue.cli.terminal import Console, print_in_any_encoding
from duologue.conversation.end_marker import split_end_marker
from duologue.conversation.messages import Message, Role
from duologue.errors import DuologueError
from duologue.participants.opening import open_participants
from duologue.participants.protocol import TurnContext
from duologue.seeds import Seed
from duologue.settings.options import trimmed
from duologue.settings.participants import CallSettings, ParticipantSettings
from duologue.validation.broken_replies import broken_reply
from duologue.validation.rule import Expectations
from duologue.validation.seeds import seed_findings


@dataclass(frozen=True)
class Report:
    """An input that someone had trouble with."""

    source: str
    kind: str
    given: Any
    outcome: Any


# A. Foreign code: the body of a chatbot, and how its seed fails, or what it replies.
CHATBOTS = [
    Report("openJiuwen-ai/jiuwenswarm#3466", "a blocking sleep in an async function",
           "async def reply(h):\n    time.sleep(0.05)\n    return 'Yes.'", "Yes."),
    Report("warestack/watchflow#68", "an async function that sleeps for good",
           "async def reply(h):\n    time.sleep(3600)", "did not reply within"),
    Report("aden-hive/hive PR 5142", "a call without an end",
           "async def reply(h):\n    await asyncio.sleep(3600)", "did not reply within"),
    Report("langflow-ai/langflow PR 6625", "CancelledError of a library",
           "async def reply(h):\n    raise asyncio.CancelledError('x')", "CancelledError: x"),
    Report("python/cpython#112182", "StopIteration in a thread",
           "def reply(h):\n    return next(iter(()))", "raised StopIteration"),
    Report("PrefectHQ/prefect#5780", "sys.exit in a function",
           "def reply(h):\n    sys.exit(3)", "raised SystemExit: 3"),
    Report("apache/airflow PR 36986", "sys.exit in an async function",
           "async def reply(h):\n    sys.exit('no config')", "raised SystemExit: no config"),
    Report("strands-agents/harness-sdk#4410", "a function that returns a coroutine",
           "async def later(): return 'Yes.'\ndef reply(h):\n    return later()", "Yes."),
]  # fmt: skip

# D. The end marker: a message, and what is left of it.
MARKERS = [
    Report("microsoft/autogen PR 4231", "quotes round the word", '"[END]"', ""),
    Report("Toloka/tolokaforge#611", "a full stop behind it", "Thanks, that is all. [END].",
           "Thanks, that is all."),
    Report("typeclaw/typeclaw PR 1153", "emphasis of Markdown", "***[END]***", ""),
    Report("typeclaw/typeclaw PR 1153, code", "a code span", "`[END]`", ""),
    Report("ag2ai/ag2 PR 1336", "the marker in lower case", "bye [end]", "bye"),
]  # fmt: skip

# E. Billed in vain: a seed, and the rule that it breaks on its own.
SEEDS = [
    Report("promptfoo/promptfoo PR 4107", "a template that was never filled in",
           "Tell me about {{topic}}", ["placeholder"]),
    Report("dkuang1980/promptsite#9", "a variable that was not rendered",
           "Is {{ product_name }} in stock?", ["placeholder"]),
    Report("sgl-project/sglang PR 36285", "control tokens in a prompt",
           "<|im_start|>user\nHi there<|im_end|>", ["model_token"]),
    Report("simonw/llm#432", "shell variables are no template", "What does $HOME mean?", []),
]  # fmt: skip

# F. Prefect's environment: a server's last words, and what the sentence says.
SERVERS = [
    Report("PrefectHQ/prefect#10778", "a database of a newer Prefect",
           "CommandError: Can't locate revision identified by '5b0bd3b41a23'",
           "made by a newer Prefect; upgrade Prefect"),
    Report("PrefectHQ/prefect#6050", "the same, beneath a traceback",
           "Traceback\n  x\nCommandError: Can't locate revision identified by '2f'\nExit.",
           "made by a newer Prefect; upgrade Prefect"),
    Report("PrefectHQ/prefect-helm#62", "a database file that cannot be opened",
           "Traceback\nsqlalchemy.exc.OperationalError: (sqlite3.OperationalError) unable to open "
           "database file\n(Background on this error)\n\nERROR:    Application startup failed. "
           "Exiting.", "unable to open database file; correct that"),
    Report("PrefectHQ/prefect#17160", "a home that cannot be written",
           "Traceback\nPermissionError: [Errno 13] Permission denied: '/prefect'",
           "Permission denied: '/prefect'; correct that, or set PREFECT_HOME"),
]  # fmt: skip
REFERENCES = [
    Report("jump-dev/Xpress.jl#95", "a path in quotes", '"D:\\xpressmp"', "D:\\xpressmp"),
    Report("ionide/FsAutoComplete PR 67", "quotes and blanks", ' "C:\\Program Files\\x" ',
           "C:\\Program Files\\x"),
    Report("PrefectHQ/prefect#12066", "nothing but quotes", '""', ""),
]  # fmt: skip

# G. The terminal: a text, an encoding, and what is printed.
PRINTED = [
    Report("NVIDIA/garak#997", "a reply that clears the screen", ("\x1b[2JHi", "utf-8"),
           r"\x1b[2JHi"),
    Report("google-gemini/gemini-cli PR 8636", "a title for the window",
           ("\x1b]0;x\x07Hi", "utf-8"), r"\x1b]0;xHi"),
    Report("microsoft/winml-cli#191", "an emoji on cp1252", ("Hi \U0001f4ca", "cp1252"), "Hi ?"),
    Report("teng-lin/notebooklm-py#318", "an emoji on cp950", ("Hi \U0001f310", "cp950"), "Hi ?"),
]  # fmt: skip

# H. Leaked reasoning and broken replies: a reply, and whether it is found.
REPLIES = [
    Report("raullenchai/Rapid-MLX#1570", "thinking without its tag",
           "Okay, so I need to figure out what the customer wants. I remember it.", True),
    Report("raullenchai/Rapid-MLX PR 573", "a thinking process with a heading",
           "Here's a thinking process:\n\n1.  **Analyze User Input:**\n   - Route: Oslo", True),
    Report("langchain-ai/langchain-nvidia PR 345", "a word on tags is no leak",
           "You can write <b>bold</b> text in your order's note, if you like.", False),
]  # fmt: skip


def _id(report: Report) -> str:
    return report.source


@pytest.mark.parametrize("report", CHATBOTS, ids=_id)
async def test_foreign_code(module: Any, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("duologue.foreign_code.CLEANUP_SECONDS", 0.2)
    module("bots", f"import asyncio, sys, time\n{report.given}")
    settings = ParticipantSettings.parsed("python:bots:reply")
    call = CallSettings(timeout_seconds=0.5, max_attempts=1)
    async with open_participants([settings], call, max_concurrency=1) as [bot]:
        try:
            reply = await bot.reply(_history("Hi"), TurnContext(Seed(seed_id="s", message="Hi")))
            told = reply.text
        except DuologueError as error:
            told = str(error)
    assert report.outcome in told


@pytest.mark.parametrize("report", MARKERS, ids=_id)
def test_end_markers(report: Report) -> None:
    assert split_end_marker(report.given, "[END]") == (report.outcome, True)


@pytest.mark.parametrize("report", SEEDS, ids=_id)
def test_seeds_that_are_billed_in_vain(report: Report) -> None:
    found = seed_findings(Seed(seed_id="s", message=report.given))
    assert [violation.rule for violation in found] == report.outcome


@pytest.mark.parametrize("report", SERVERS, ids=_id)
def test_servers_that_do_not_start(report: Report) -> None:
    assert report.outcome in start_failure(report.given)


@pytest.mark.parametrize("report", REFERENCES, ids=_id)
def test_references(report: Report) -> None:
    assert trimmed(report.given) == report.outcome


@pytest.mark.parametrize("report", PRINTED, ids=_id)
def test_terminals(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    text, encoding = report.given
    printed = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(printed, encoding=encoding))
    print_in_any_encoding()
    Console(width=100).print(text, markup=False, highlight=False)
    assert printed.getvalue().decode(encoding).strip() == report.outcome


@pytest.mark.parametrize("report", REPLIES, ids=_id)
def test_replies(report: Report) -> None:
    messages = [*_history("Hi"), Message(role=Role.ASSISTANT, text=report.given)]
    assert bool(list(broken_reply(messages, Expectations()))) == report.outcome


def _history(text: str) -> list[Message]:
    return [Message(role=Role.USER, text=text)]
