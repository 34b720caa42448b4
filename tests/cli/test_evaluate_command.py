"""`duologue evaluate` as a person uses it: in a process of its own, in a folder with a dataset."""

import json
import re
import signal
import subprocess
import sys
import time
from asyncio import to_thread
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.dataset.making import VERSION
from tests.support.commands import duologue
from tests.support.evaluating import conversation, write_one
from tests.support.vellum_stand_in import StandIn

DUOLOGUE = Path(sys.executable).parent / "duologue"

Run = Callable[..., subprocess.CompletedProcess[str]]

CHATBOTS = """
import asyncio, json, os, pathlib
SAID = json.loads(pathlib.Path("said.json").read_text())
async def same(chat_history):
    await asyncio.sleep(float(os.environ.get("BOT_SECONDS", "0")))
    with open("calls.log", "a") as log:
        print(chat_history[0].text, len(chat_history), file=log)
    return SAID.get(chat_history[-1].text, "Anything else?")
async def worse(chat_history):
    if "number 3?" in chat_history[0].text:
        return "I'm sorry, but I can't help with that."
    return await same(chat_history)
async def broken(chat_history):
    if "number 3?" in chat_history[0].text:
        raise RuntimeError("scripted to fail")
    return await same(chat_history)
def polite(reply, reference, chat_history):
    return "thank" in reply.lower()
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a version of four conversations of the chatbot `same`, and chatbots."""
    with_conversations(tmp_path, 4)
    return tmp_path


def with_conversations(place: Path, count: int) -> None:
    said = {}
    for number in range(1, count + 1):
        for turn in conversation(number).conversation.next_turns:
            if turn.reply is not None:
                said[turn.chat_history[-1].text] = turn.reply.text
    (place / "said.json").write_text(json.dumps(said))
    (place / "chatbots.py").write_text(CHATBOTS)
    write_one(place / "datasets", conversations=count, chatbot="python:chatbots:same")


@pytest.fixture
def run(place: Path, prefect_environment: dict[str, str]) -> Run:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {**prefect_environment, "COLUMNS": "100", **environment}
        return duologue("evaluate", *arguments, cwd=place, environment=variables)

    return run


def calls(place: Path) -> list[str]:
    return (place / "calls.log").read_text().splitlines()


def evaluations(place: Path) -> list[Path]:
    return [path.parent for path in place.glob("datasets/shop/evaluations/*/evaluation.json")]


def test_an_unchanged_chatbot_passes_and_the_result_is_reported(run: Run, place: Path) -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (evaluation,) = evaluations(place)
    shown = " ".join(done.stdout.split())
    for text in (
        f"Version: shop {VERSION}, revision 1: 12 prefixes of 4 conversations",
        "Candidate: python:chatbots:same",
        "measuring noise",
        "36/36",
        "failed regressed changed same without reference seconds candidate 0 0 0 8 4",
        "similarity 1.000 (1.00 to 1.00)",
        "The candidate's replies are not clearly worse than those of the version's chatbot asked "
        "again 3 times: mean similarity to the nearest right reply 1.000 against 1.000, 0 of 12 "
        "below the noise (p = 1).",
        "Passed.",
        f"datasets/shop/evaluations/{evaluation.name} evaluation.parquet report.html "
        "evaluation.json",
    ):
        assert text in shown
    assert done.stdout.splitlines()[-1] == f"Report: {(evaluation / 'report.html').as_uri()}"
    assert Counter(calls(place)).most_common()[-1][1] == 1 + 3, "each once, and for the noise"
    assert len(calls(place)) == 12 * (1 + 3)


def test_a_chatbot_that_got_worse_does_not_pass(run: Run, place: Path) -> None:
    done = run("latest", "--candidate", "python:chatbots:worse")
    assert done.returncode == 1, done.stderr
    shown = " ".join(done.stdout.split())
    assert "candidate 0 3 0 6 3" in shown
    assert (
        "Not passed: 3 of 12 replies break a rule or fail before a judge (25.0%); "
        "max_regressed_share allows 5.0%"
    ) in shown
    assert len(evaluations(place)) == 1


def test_json_is_the_last_line_and_all_that_a_script_needs(run: Run, place: Path) -> None:
    done = run(
        VERSION,
        *("--candidate", "python:chatbots:worse", "--baseline", "python:chatbots:same"),
        *("--format", "json", "--set", 'scoring.own_scorers=["python:chatbots:polite"]'),
    )
    assert done.returncode == 1, done.stderr
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    (evaluation,) = evaluations(place)
    assert (result["evaluation"], result["path"]) == (
        evaluation.name,
        str(place / "datasets" / "shop" / "evaluations" / evaluation.name),
    )
    assert result["passed"] is False
    manifest = json.loads((evaluation / "evaluation.json").read_text())
    for name in (
        "version",
        "prefixes",
        "sides",
        "differences",
        "failed_gates",
        "noise",
        "test_suite",
    ):
        assert result[name] == manifest[name]
    assert list(result["sides"]) == ["candidate", "baseline"]
    assert result["differences"]["similarity"]["mean"] < 0
    assert result["differences"]["polite"]["mean"] == 0


def test_with_a_baseline_the_difference_is_shown(run: Run) -> None:
    done = run(
        *("--candidate", "python:chatbots:same", "--baseline", "python:chatbots:worse"),
        *("--noise-samples", "0"),
    )
    shown = " ".join(done.stdout.split())
    assert "Baseline: python:chatbots:worse" in shown
    assert "24/24" in shown
    assert "Similarity is only information: noise_samples is 0." in shown
    assert "score candidate baseline difference" in shown
    assert re.search(r"similarity 1\.000 \(1\.00 to 1\.00\) 0\.\d{3} \(.+?\) 0\.\d{3}", shown)


def test_the_options_reach_the_flow(run: Run, place: Path) -> None:
    done = run(
        *("--only-with-reference", "--evaluations", "elsewhere", "--max-concurrency", "7"),
        *("--set", "gates.max_failed_share=0.5", "--set", "gates.max_regressed_share=0.4"),
        *("--set", "gates.min_scores={similarity = 0.8}", "--set", "gates.min_scores.polite=0"),
        *("--set", "gates.max_drops.same=0.1"),
        *("--noise-samples", "2", "--set", "scoring.max_latency_ms=5000"),
        *("--set", "gates.noise_level=0.02"),
        *("--set", 'scoring.own_scorers=["python:chatbots:polite"]'),
        *("--baseline", "python:chatbots:worse"),
        *("--set", "call.timeout_seconds=11", "--set", "call.deadline_seconds=22"),
        *("--set", "call.max_attempts=3"),
        *("--set", "reply_retries=1", "--set", "reply_retry_delay_seconds=0.5"),
    )
    assert done.returncode == 0, done.stderr
    (file,) = (place / "elsewhere").glob("*/evaluation.json")
    settings = json.loads(file.read_text())["settings"]
    assert settings["only_with_reference"] is True
    assert settings["max_concurrency"] == 7
    assert settings["gates"] == {
        "max_failed_share": 0.5,
        "max_regressed_share": 0.4,
        "noise_level": 0.02,
        "min_scores": {"similarity": 0.8, "polite": 0.0},
        "max_drops": {"same": 0.1},
    }
    assert settings["noise_samples"] == 2
    assert settings["scoring"]["max_latency_ms"] == 5000
    assert settings["scoring"]["own_scorers"] == ["python:chatbots:polite"]
    call = {"timeout_seconds": 11, "deadline_seconds": 22, "max_attempts": 3}
    assert call.items() <= settings["call"].items()
    assert (settings["reply_retries"], settings["reply_retry_delay_seconds"]) == (1, 0.5)


def test_replies_that_fail_are_counted(run: Run, place: Path) -> None:
    done = run("--candidate", "python:chatbots:broken", "--set", "reply_retries=0")
    assert done.returncode == 1
    assert "3 of 12 prefixes have no reply (25.0%); max_failed_share allows 5.0%" in done.stdout
    assert "scripted to fail" in (evaluations(place)[0] / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["20200101T000000000Z-00000000"], "version 20200101T000000000Z-00000000: not found"),
        (["nowhere"], "nowhere: expected the folder of a version"),
        (["--name", "other"], "latest: nothing is published"),
        (["--candidate", "smtp:bot"], "unknown kind 'smtp'"),
        (["--baseline", "python:chatbots:absent"], "no function 'absent'"),
        (["--candidate", "support-bot"], "VELLUM_API_KEY is not set"),
        (["--max-concurrency", "0"], "max_concurrency is 0"),
        (["--set", "gates.max_failed_share=2"], "gates.max_failed_share is 2"),
        (["--set", "gates.min_scores.similarity"], "expected NAME=VALUE"),
        (["--set", "gates.min_scores.similarity=high"], "similarity is 'high'; expected a number"),
        (["--set", "gates.min_scores.kindness=1"], "min_scores: there is no scorer 'kindness'"),
        (["--set", "gates.max_drops.same=0.1"], "there is no baseline to compare with"),
        (["--set", "gates.max_drops.same=inf"], "max_drops.same is inf"),
        (["--set", "gates.max_drops.same=-1"], "max_drops.same is -1"),
        (["--set", "gates.min_scores.similarity=nan"], "min_scores.similarity is nan"),
        (
            ["--set", 'scoring.own_scorers=["chatbots.polite"]'],
            "own scorer 'chatbots.polite': expected python:",
        ),
        (
            ["--set", 'scoring.own_scorers=["python:chatbots:same"]'],
            "own scorer 'python:chatbots:same': cannot be",
        ),
        (["--set", "scoring.max_latency_ms=0"], "max_latency_ms is 0"),
        (["--evaluations", "/proc/here"], "evaluations /proc/here: cannot be written to"),
        (["--evaluations", "said.json"], "a file is where a folder is needed"),
        (["--resume", "yesterday"], "resume 'yesterday': expected an evaluation"),
        (["--resume", "20200101T000000000Z-00000000"], "has no checkpoints of that evaluation"),
        (["--set", "test_suite.suite= "], "test_suite.suite is ' '"),
    ],
)
def test_wrong_use_is_reported_in_a_sentence_and_leaves_nothing_behind(
    run: Run, place: Path, arguments: list[str], told: str
) -> None:
    done = run(*arguments, VELLUM_API_KEY="")
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in " ".join(done.stderr.split())
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert evaluations(place) == []
    assert not (place / "calls.log").exists()


async def test_what_every_reply_would_meet_stops_the_evaluation_and_it_is_written(
    run: Run, place: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].always = "status:401"
    key = {"VELLUM_API_URL": vellum.url, "VELLUM_API_KEY": "some-key"}
    done = await to_thread(run, "--candidate", "support-bot", **key)
    assert done.returncode == 1
    assert "the run stopped early" in done.stdout + done.stderr
    assert "401" in done.stdout + done.stderr
    assert len(evaluations(place)) == 1


async def test_the_test_suites_result_is_reported(
    run: Run, place: Path, prefect_environment: dict[str, str], vellum: StandIn
) -> None:
    key = {"VELLUM_API_URL": vellum.url, "VELLUM_API_KEY": "some-key"}
    suite = ("--set", "test_suite.suite=my-test-suite")
    none = await to_thread(run, *suite, **key)
    pushed = await to_thread(
        duologue,
        *("push-test-suite", "latest", "my-test-suite"),
        cwd=place,
        environment={**prefect_environment, **key},
    )
    done = await to_thread(run, *suite, **key)
    assert pushed.returncode == 0, pushed.stderr
    assert none.returncode == 1
    assert "Test Suite my-test-suite, 0 cases: no result, " in none.stdout
    assert done.returncode == 0, done.stdout
    result = r"Test Suite my-test-suite, 4 cases: Politeness\.score 0\.140\n  (\S+)"
    (url_shown,) = re.findall(result, done.stdout)
    assert url_shown.startswith(f"{vellum.url}/v1/test-suite-runs/")


# Cut short


@pytest.mark.processes
@pytest.mark.parametrize(("conversations", "in_flight"), [(12, 2), (70, 8)])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_was_replied_before_it_was_cut_short_is_not_asked_again(
    tmp_path: Path,
    prefect_environment: dict[str, str],
    number: signal.Signals,
    conversations: int,
    in_flight: int,
) -> None:
    """36 replies have a task run each, 210 share some."""
    with_conversations(tmp_path, conversations)
    environment = prefect_environment
    arguments = ["evaluate", "--max-concurrency", str(in_flight), "--noise-samples", "0"]
    process = subprocess.Popen(
        [DUOLOGUE, *arguments],
        cwd=tmp_path,
        env={**environment, "BOT_SECONDS": "0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A child of a shell's background job ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    log = tmp_path / "calls.log"
    while not log.exists() or len(calls(tmp_path)) < 4 * in_flight:
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(number)
    shown, _ = process.communicate(timeout=600)
    (kept,) = [path.name for path in tmp_path.glob("datasets/*/evaluations/.checkpoints/*/*")]
    assert evaluations(tmp_path) == []
    if number is signal.SIGINT:
        assert process.returncode == 130
        assert "Traceback" not in shown
        assert shown.split("--resume ")[1].split()[0] == kept
    again = [*arguments, "--resume", kept, "--format", "json"]
    done = duologue(*again, cwd=tmp_path, environment=environment)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["evaluation"], result["prefixes"]) == (kept, 3 * conversations)
    (evaluation,) = evaluations(tmp_path)
    assert pq.read_metadata(evaluation / "evaluation.parquet").num_rows == 3 * conversations
    asked = Counter(calls(tmp_path))
    assert len(asked) == 3 * conversations
    twice = [call for call, count in asked.items() if count > 1]
    # Those that were in flight, and those that were just being kept.
    assert len(twice) <= 2 * in_flight
