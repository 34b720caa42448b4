"""`duologue compare` as it is typed: its text, its files, its exit codes, and promotion."""

import json
import xml.etree.ElementTree as ET
from asyncio import to_thread
from pathlib import Path

import pytest

from tests.support.commands import duologue
from tests.support.evaluating import write_one
from tests.support.vellum_stand_in import StandIn

BOTS = """
def steady(chat_history):
    return f"The answer to {chat_history[-1].text!r} is on page {len(chat_history)}."

def broken(chat_history):
    return "Traceback (most recent call last):\\n  File 'bot.py', line 3\\nKeyError: 3"

def user(chat_history):
    return f"And what about part {len(chat_history)} of {chat_history[0].text!r}?"
"""


@pytest.fixture
def folder(tmp_path: Path, prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    (tmp_path / "my_bots.py").write_text(BOTS)
    seeds = "".join(f"Where is my order number {n}?\n" for n in range(1, 13))
    (tmp_path / "shop.csv").write_text(f"message\n{seeds}")
    return tmp_path


TWO_BOTS = ("--seeds", "shop.csv", "--baseline", "python:my_bots:steady", "--turns", "2")
USER = ("--simulated-user", "python:my_bots:user")


def test_a_worse_candidate_fails_with_its_files_for_ci(folder: Path) -> None:
    done = duologue(
        *("compare", *TWO_BOTS, *USER, "--candidate", "python:my_bots:broken"),
        *("--junit", "out/junit.xml", "--summary", "out/summary.md", "--format", "json"),
        cwd=folder,
    )
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found["passed"]
    assert found["pairs"]["pairs"] == 12
    assert "The candidate is worse than the baseline: " in done.stderr
    suite = ET.parse(folder / "out/junit.xml").getroot()
    failed = {case.get("name") for case in suite if case.find("failure") is not None}
    assert "clean" in failed
    assert suite.get("failures") == str(len(found["failed_gates"]))
    assert "**Not passed:**" in (folder / "out/summary.md").read_text()
    assert (Path(found["path"]) / "report.html").is_file()


def test_the_plan_calls_nothing(folder: Path) -> None:
    done = duologue(
        *("compare", *TWO_BOTS, *USER, "--candidate", "python:my_bots:broken", "--plan"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert "24 conversations to simulate, at most 96 calls" in done.stdout
    assert not list((folder / "datasets").rglob("*.*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "candidate is empty"),
        (("--candidate", "python:my_bots:steady", "--seeds", "shop.csv"), "name a baseline"),
        (("--candidate", "python:my_bots:steady"), "datasets"),
        (
            ("--candidate", "python:my_bots:steady", *TWO_BOTS, "--max-drop", "valid"),
            "--max-drop 'valid': expected OUTCOME=AMOUNT",
        ),
        (
            ("--candidate", "python:my_bots:steady", *TWO_BOTS, "--max-drop", "vaild=0.1"),
            "there is no outcome 'vaild'",
        ),
        (
            ("--candidate", "python:my_bots:steady", *TWO_BOTS, "--promote", "production"),
            "no Workflow Deployment",
        ),
        (
            ("--candidate", "python:my_bots:steady", *TWO_BOTS, "--from-turn", "1"),
            "continues the conversations of a version",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(
    arguments: tuple[str, ...], message: str, folder: Path
) -> None:
    done = duologue("compare", *arguments, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_promotion_is_planned_done_and_undone(folder: Path, vellum: StandIn) -> None:
    write_one(folder / "datasets")
    support_bot = vellum.deployments["support-bot"]
    before, staging = support_bot.releases["production"], support_bot.releases["staging"]
    compare = (
        *("compare", "--candidate", "support-bot@staging", "--baseline-version", "latest"),
        *("--set", "gates.max_drops={}", "--promote", "production", "--format", "json"),
    )
    planned = await to_thread(duologue, *compare, *USER, cwd=folder)
    assert planned.returncode == 0, planned.stderr
    assert f"from release {before} to {staging}" in planned.stderr
    assert support_bot.releases["production"] == before
    comparison = json.loads(planned.stdout.splitlines()[-1])["comparison"]

    # Its name is enough.
    resumed = ("compare", "--resume", comparison, "--promote", "production", "--apply")
    done = await to_thread(duologue, *resumed, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert support_bot.releases["production"] == staging

    undone = await to_thread(duologue, "compare", "--undo", comparison, cwd=folder)
    assert undone.returncode == 0, undone.stderr
    assert support_bot.releases["production"] == before
    again = await to_thread(duologue, "compare", "--undo", comparison, cwd=folder)
    assert again.returncode == 2
    assert "was moved back already" in again.stderr
