"""Code has no release: what runs share is stored under a digest of it."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from duologue.participants.judging import ready_judges
from duologue.participants.own_code_digest import with_code
from duologue.plans.generation import Plan, plan_generation
from duologue.settings.judges import JudgeOptions, JudgeSettings, parsed_judges
from duologue.settings.participants import CallSettings, ParticipantSettings
from duologue.validation.judges.question import answer_key, question_of

Write = Callable[[str, str], None]

BOT = "def reply(chat_history): return 'Yes.'\ndef ask(chat_history): return 'And then?'\n"
OTHER_BOT = BOT.replace("Yes.", "No.")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file of a module, which the next import reads again."""
    monkeypatch.syspath_prepend(tmp_path)

    def written(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        importlib.invalidate_caches()
        for module in [one for one in sys.modules if one.startswith("digested_")]:
            del sys.modules[module]

    return written


def code_of(reference: str) -> str | None:
    return with_code(ParticipantSettings.parsed(reference)).code


def test_the_digest_is_that_of_a_functions_module(write: Write) -> None:
    write("digested_bot.py", BOT)
    write("digested_other.py", "")
    before = code_of("python:digested_bot:reply")
    write("digested_other.py", "x = 1")
    assert code_of("python:digested_bot:reply") == before is not None
    write("digested_bot.py", OTHER_BOT)
    assert code_of("python:digested_bot:reply") != before


def test_every_file_of_a_workflows_package_counts(write: Write) -> None:
    write("digested_flow/workflow.py", "")
    write("digested_flow/__init__.py", "")
    write("digested_flow/nodes.py", "")
    references = ("local:digested_flow.workflow", "local:digested_flow", "python:digested_flow:f")
    before = [code_of(one) for one in references]
    write("digested_flow/nodes.py", "x = 1")
    assert all(code_of(one) != old for one, old in zip(references, before, strict=True))


def test_what_is_not_here_has_no_digest() -> None:
    assert code_of("bot") is code_of("openai:m") is code_of("https://a.example/chat") is None


@pytest.mark.parametrize(("reuse", "found_again"), [(True, False), (False, True)])
def test_changed_code_makes_new_conversations_only_where_runs_share_them(
    write: Write, tmp_path: Path, reuse: bool, found_again: bool
) -> None:
    """A Retry of one run finds what its first attempt made, although the code was corrected."""
    (tmp_path / "seeds.csv").write_text("Where is it?\n")

    def plan() -> Plan:
        return plan_generation(
            seeds=str(tmp_path / "seeds.csv"),
            chatbot="python:digested_bot:reply",
            simulated_user="python:digested_bot:ask",
            advanced={"reuse_unchanged": reuse},
        )

    def key() -> str:
        [job] = plan().jobs(plan().read_seeds(), "20261124T053516000Z-1a2b3c4d")
        return job.key

    write("digested_bot.py", BOT)
    before = key()
    write("digested_bot.py", OTHER_BOT)
    assert (key() == before) is found_again


async def test_a_judge_whose_code_changed_is_asked_again(write: Write) -> None:
    judge = JudgeOptions(reference="python:digested_judge:judge", criteria=("polite",))

    async def ready() -> JudgeSettings:
        [found] = (await ready_judges(parsed_judges([judge]), CallSettings())).judges
        return found

    question = question_of("c1", (), None)
    write("digested_judge.py", "def judge(chat_history): return True\n")
    before = await ready()
    assert answer_key(await ready(), question, 1) == answer_key(before, question, 1)
    write("digested_judge.py", "def judge(chat_history): return False\n")
    assert answer_key(await ready(), question, 1) != answer_key(before, question, 1)
