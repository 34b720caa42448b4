"""A process that is killed while judges read its conversations."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from textwrap import dedent

import pyarrow.parquet as pq
import pytest

from tests.support.commands import duologue

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

BIN = Path(sys.executable).parent
SEEDS, SAMPLES, IN_FLIGHT = 10, 2, 2
UNSTORED = 3
"""Answers at most that were given and not yet stored: those in flight and half as many more."""

CODE = """
    import asyncio

    def reply(chat_history):
        note("chatbot", chat_history)
        return f"It is on its way, parcel {len(chat_history)}."

    def ask(chat_history):
        return f"And where is parcel {len(chat_history) + 7} of {len(chat_history[0].text)}?"

    async def judge(chat_history):
        await asyncio.sleep(0.2)
        note("judge", chat_history)
        return {"passed": "4?" not in chat_history[0].text, "message": 0}

    def note(who, chat_history):
        with open(f"{who}.log", "a") as log:
            print(chat_history[0].text, file=log)
"""
JUDGES = json.dumps(
    [{"reference": "python:own:judge", "criteria": ["user_in_role"], "samples": SAMPLES}]
)
GENERATE = (
    *("generate", "seeds.csv", "--chatbot", "python:own:reply"),
    *("--simulated-user", "python:own:ask", "--turns", "1"),
    *("--max-concurrency", str(IN_FLIGHT), "--set", f"judges={JUDGES}"),
)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_a_process_killed_while_it_judges_asks_nothing_twice_that_was_answered(
    tmp_path: Path, prefect_environment: dict[str, str]
) -> None:
    (tmp_path / "own.py").write_text(dedent(CODE))
    (tmp_path / "seeds.csv").write_text("".join(f"Where is order {n}?\n" for n in range(SEEDS)))
    with subprocess.Popen(
        [BIN / "duologue", *GENERATE], cwd=tmp_path, env=prefect_environment
    ) as process:
        while len(lines(tmp_path / "judge.log")) < 8:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    answered = Counter(lines(tmp_path / "judge.log"))
    assert 8 <= answered.total() < SEEDS * SAMPLES
    [checkpoints] = (tmp_path / "datasets" / "seeds" / ".checkpoints").glob("2*")
    done = duologue(
        *GENERATE,
        *("--resume", checkpoints.name, "--format", "json"),
        cwd=tmp_path,
        environment=prefect_environment,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["valid"], result["invalid"]) == (SEEDS - 1, 1), done.stderr
    assert len(lines(tmp_path / "chatbot.log")) == SEEDS, "no conversation is simulated again"
    asked = Counter(lines(tmp_path / "judge.log"))
    assert asked.keys() == {f"Where is order {n}?" for n in range(SEEDS)}
    assert SEEDS * SAMPLES <= asked.total() <= SEEDS * SAMPLES + UNSTORED
    table = pq.read_table(tmp_path / result["path"] / "conversations.parquet").to_pylist()
    for row in table:
        [verdict] = row["verdicts"]
        assert (verdict["passed"], verdict["samples"]) == (True, SAMPLES)
