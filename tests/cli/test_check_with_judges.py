"""`duologue check --judge`, as people type it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.commands import duologue

JUDGE = """
    from pathlib import Path

    def judge(chat_history, conversation_id):
        with (Path(__file__).parent / "asked.txt").open("a") as file:
            file.write(conversation_id + "\\n")
        index = next((i for i, m in enumerate(chat_history) if "help you" in m.text), None)
        return {
            "criterion": "user_in_role",
            "passed": index is None,
            "reason": "offers help",
            "message": index,
        }
"""


def transcript(id_: str, *texts: str) -> dict[str, Any]:
    """A system message, which the judge does not see, and then the user and the chatbot."""
    roles = "user", "assistant"
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]
    return {"id": id_, "messages": [{"role": "system", "content": "Be kind."}, *messages]}


def test_a_file_is_judged_once_and_each_verdict_is_at_its_message(
    module: Callable[[str, str], None], tmp_path: Path, prefect_environment: dict[str, str]
) -> None:
    module("role_judge", JUDGE)
    lines = [
        transcript("good", "When do you open?", "At nine.", "And on Sunday?"),
        transcript("flipped", "When do you open?", "At nine.", "Anything I can help you with?"),
    ]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    command = ("check", "t.jsonl", "--judge", "python:role_judge:judge", "--format", "json")
    run = duologue(*command, cwd=tmp_path, environment=prefect_environment)
    assert run.returncode == 1, run.stderr
    good, flipped = map(json.loads, run.stdout.splitlines())
    assert good["valid"]
    assert [(one["passed"], one["message"]) for one in good["verdicts"]] == [(True, None)]
    assert not flipped["valid"]
    [verdict] = flipped["verdicts"]
    assert (verdict["passed"], verdict["message"], verdict["severity"]) == (False, 3, "invalid")
    assert {
        "rule": "judge:user_in_role",
        "severity": "invalid",
        "message_index": 3,
        "detail": "offers help",
    } in flipped["violations"]
    assert "user_in_role 1 of 2 passed" in run.stderr

    again = duologue(*command, cwd=tmp_path, environment=prefect_environment)
    assert again.stdout == run.stdout
    assert (tmp_path / "asked.txt").read_text().split() == ["good", "flipped"]


def test_a_judge_that_cannot_be_used_is_an_error_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(json.dumps(transcript("good", "Hello?", "Hi.", "Bye")) + "\n")
    for reference, why in (
        ("python:no_such_module:judge", "there is no module 'no_such_module'"),
        ("nonsense:x", "unknown kind 'nonsense'"),
        ("metric:faithfulness", "VELLUM_API_KEY is not set"),
    ):
        run = duologue("check", "t.jsonl", "--judge", reference, cwd=tmp_path)
        assert run.returncode == 2
        assert why in run.stderr
