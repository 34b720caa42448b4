"""Seeds on their way into a run: shown, rejected, and never simulated in vain."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import duologue

DUOLOGUE = Path(sys.executable).parent / "duologue"
BOTS = """
async def reply(chat_history):
    with open("calls.log", "a") as log:
        print(len(chat_history), file=log)
    return f"Reply {len(chat_history)} \U0001f642 \\x1b[2J"
async def ask(chat_history):
    return f"And what of point {len(chat_history)}?"
"""
RULES = """
from duologue.validation.rule import Finding
def no_prices(messages, expected):
    return [Finding(i, "holds a price") for i, m in enumerate(messages) if "price" in m.text]
"""
PAIR = ["--chatbot", "python:bots:reply", "--simulated-user", "python:bots:ask"]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, prefect_environment: dict[str, str]) -> Run:
    (tmp_path / "bots.py").write_text(BOTS, "utf-8")
    (tmp_path / "my_rules.py").write_text(RULES)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {**prefect_environment, "COLUMNS": "100", **environment}
        return duologue(*arguments, cwd=tmp_path, environment=variables)

    return run


def calls(folder: Path) -> int:
    log = folder / "calls.log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_a_seed_that_breaks_a_rule_on_its_own_is_never_simulated(run: Run, tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("prompt\nTell me about {{topic}}\nWhere is it?\n")
    done = run("generate", "seeds.csv", *PAIR, PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr
    assert calls(tmp_path) == 3
    assert "rejected: seeds.csv:2: message breaks the rule placeholder on its own" in done.stdout
    assert "1 seed, 1 row rejected" in done.stdout
    assert "message: Where is it?" in done.stdout
    # A reply's emoji is replaced, and its escape sequence is shown.
    assert "Reply 1 ? \\x1b[2J" in done.stdout
    assert "\x1b" not in done.stdout


def test_if_all_seeds_do_nothing_runs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("prompt\nTell me about {{topic}}\nHow is {{topic}}?\n")
    checked = run("seeds", "check", "seeds.csv")
    assert checked.returncode == 1
    assert "2 rows: 0 seeds, 2 rejected" in checked.stdout
    done = run("generate", "seeds.csv", *PAIR)
    assert done.returncode == 2
    assert "all 2 rows were rejected; the first: seeds.csv:2: message breaks" in done.stderr
    assert calls(tmp_path) == 0


def test_an_own_rule_on_the_seed_costs_no_retries(run: Run, tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("prompt\nWhat is the price?\n")
    own = '["python:my_rules:no_prices"]'
    rules = (f"--set=rules.own_rules={own}", "--set=rules.severities.no_prices=invalid")
    done = run("generate", "seeds.csv", *PAIR, *rules)
    assert done.returncode == 1, done.stderr
    assert calls(tmp_path) == 3


@pytest.mark.processes
def test_ctrl_c_before_anything_was_simulated_says_so(
    run: Run, tmp_path: Path, prefect_environment: dict[str, str]
) -> None:
    (tmp_path / "seeds.csv").write_text("Where is it?\n")
    process = subprocess.Popen(
        [DUOLOGUE, "generate", "seeds.csv", *PAIR],
        cwd=tmp_path,
        env=prefect_environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    seen = ""
    while "message: Where is it?" not in seen:
        line = process.stdout.readline()
        assert line, seen
        seen += line
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=600)
    assert process.returncode == 130, rest
    assert "Stopped before anything was simulated" in rest
    assert "--resume" not in rest
    assert "Traceback" not in rest
