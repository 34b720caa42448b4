"""The command line as a person uses it: in a process of its own, in an empty working directory."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from asyncio import to_thread
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from duologue.cli.local_run import PREFECT_DEFAULTS
from tests.support.commands import duologue, duologue_in_new_python
from tests.support.model_server import model_server_in_thread
from tests.support.small_disk import small_disk
from tests.support.vellum_stand_in import StandIn

DUOLOGUE = Path(sys.executable).parent / "duologue"
ROOT = Path(__file__).parents[2]
THREE_SEEDS = ROOT / "datasets" / "seed_user_messages.csv"

Run = Callable[..., subprocess.CompletedProcess[str]]

CHATBOT = """
import asyncio, os, pathlib
async def reply(chat_history):
    await asyncio.sleep(float(os.environ.get("BOT_SECONDS", "0")))
    with open("calls.log", "a") as log:
        print(chat_history[0].text, len(chat_history), file=log)
    if "broken" in chat_history[0].text and not pathlib.Path("mended").exists():
        raise RuntimeError("scripted to fail")
    return f"Reply {len(chat_history)} about {sum(map(ord, chat_history[0].text))}."
async def ask(chat_history):
    return f"And what of point {len(chat_history)} in {sum(map(ord, chat_history[0].text))}?"
"""
URL_INPUTS = """
[chatbot_inputs]
output_path = "answer.text"
"""
OWN_PAIR = ["--chatbot", "python:bots:reply", "--simulated-user", "python:bots:ask"]


@pytest.fixture
def run(tmp_path: Path, prefect_environment: dict[str, str]) -> Run:
    (tmp_path / "bots.py").write_text(CHATBOT)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {**prefect_environment, "COLUMNS": "100", **environment}
        return duologue(*arguments, cwd=tmp_path, environment=variables)

    return run


@pytest.fixture
def run_in_new_python(tmp_path: Path) -> Run:
    (tmp_path / "bots.py").write_text(CHATBOT)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {**os.environ, **environment}
        return duologue_in_new_python(*arguments, cwd=tmp_path, environment=variables)

    return run


def test_the_bundled_pair_needs_neither_key_nor_server(
    run: Run, tmp_path: Path, prefect_environment: dict[str, str]
) -> None:
    """The only test without a server: the temporary one takes seconds to start."""
    done = run(
        "generate", str(THREE_SEEDS), PREFECT_API_URL="", PREFECT_HOME=str(tmp_path / "prefect")
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for shown in ("3 seeds", "3/3", "USER       What is your refund policy?", "ASSISTANT", "valid"):
        assert shown in done.stdout
    (version,) = (tmp_path / "datasets" / "seed_user_messages").glob("2*")
    assert str(version.relative_to(tmp_path)) in done.stdout
    assert done.stdout.splitlines()[-1] == f"Report: {(version / 'report.html').as_uri()}"
    assert (version / "report.html").exists()
    frame = pd.read_parquet(version / "conversations.parquet")
    assert list(frame["seed_message"]) == THREE_SEEDS.read_text().splitlines()


@pytest.mark.processes
def test_a_folder_may_have_flows_tasks_and_workflows_of_its_own(
    run_in_new_python: Run, tmp_path: Path, prefect_environment: dict[str, str]
) -> None:
    """Duologue's packages of these names are below `duologue`, so nothing imports the folder's."""
    environment = {**prefect_environment, "PYTHONPATH": str(tmp_path)}
    for name in ("flows/__init__.py", "tasks.py", "workflows/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"raise RuntimeError('imported {name}')\n")
    (tmp_path / "seeds.csv").write_text("What is your refund policy?\n")
    bundled_chatbot = "local:duologue.workflows.support_bot"
    latest = ("latest", "--name", "seeds")
    for command in (
        ("generate", "seeds.csv", "--turns", "2"),
        ("check", *latest),
        ("show", *latest),
        ("versions", "--name", "seeds"),
        ("evaluate", *latest, "--candidate", bundled_chatbot),
    ):
        done = run_in_new_python(*command, **environment)
        assert (done.returncode, done.stderr) == (0, "")


def test_json_is_the_last_line_and_all_that_a_script_needs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text('One?\nTwo?\n""\n')
    done = run("generate", "seeds.csv", *OWN_PAIR, "--turns", "2", "--format", "json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    counts = {"seeds": 2, "valid": 2, "invalid": 0, "failed": 0, "rejected": 1, "rows_read": 3}
    assert counts.items() <= result.items()
    assert result["path"].endswith(result["version"])
    assert (tmp_path / result["path"] / "manifest.json").exists()


def test_some_failed_seeds_are_exit_code_1_and_a_rerun_repairs_them(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "seeds.csv").write_text("Fine?\nIs it broken?\n")
    first = run("generate", "seeds.csv", *OWN_PAIR)
    assert first.returncode == 1
    assert "1 failed and 0 invalid" in first.stdout
    assert "-1: python:bots:reply raised RuntimeError: scripted to fail" in first.stdout
    (version,) = (tmp_path / "datasets" / "seeds").glob("2*")
    assert "1 of 2 conversations failed (50.0%); max_failed_share allows 10.0%" in first.stdout
    assert not (tmp_path / "datasets" / "seeds" / "latest.json").exists()
    command = (
        first.stdout.partition("To simulate only these again: duologue ")[2].split("\n")[0].split()
    )
    assert command == ["rerun", version.name, "--name", "seeds"]
    (tmp_path / "mended").touch()
    (tmp_path / "calls.log").unlink()
    second = run(*command, "--format", "json")
    assert second.returncode == 0, second.stderr
    result = json.loads(second.stdout)
    assert (result["version"], result["revision"], result["valid"]) == (version.name, 2, 2)
    assert (tmp_path / "calls.log").read_text().splitlines() == [
        "Is it broken? 1",
        "Is it broken? 3",
        "Is it broken? 5",
    ]


def test_a_budget_that_is_spent_is_reported_and_a_rerun_continues(run: Run, tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("One?\nTwo?\nThree?\n")
    limits = ("--max-calls", "7", "--max-concurrency", "1", "--set", "gates.max_failed_share=1")
    first = run("generate", "seeds.csv", *OWN_PAIR, *limits)
    assert first.returncode == 1
    assert "The run's budget was spent, and 2 conversations were left undone" in first.stdout
    assert "calls used" not in first.stdout
    assert len((tmp_path / "calls.log").read_text().splitlines()) == 7 - 3  # of the chatbot
    second = run("rerun", "latest", "--format", "json")
    assert second.returncode == 1
    result = json.loads(second.stdout)
    assert (result["left_undone"], result["valid"], result["usage"]) == (1, 2, None)


def test_a_cost_that_nobody_would_know_is_no_budget(run: Run, tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("One?\n")
    done = run("generate", "seeds.csv", *OWN_PAIR, "--max-cost-usd", "2")
    assert done.returncode == 2
    assert "budget.max_cost_usd is 2, but record_usage is off" in done.stderr
    assert not (tmp_path / "calls.log").exists()


async def test_what_a_run_used_is_reported(run: Run, tmp_path: Path, vellum: StandIn) -> None:
    (tmp_path / "seeds.csv").write_text("One?\n")
    pair = ("--chatbot", "support-bot", "--simulated-user", "simulated-user", "--turns", "1")
    key = {"VELLUM_API_URL": vellum.url, "VELLUM_API_KEY": "key"}
    command = ("generate", "seeds.csv", *pair, "--record-usage")
    text = await to_thread(run, *command, **key)
    as_json = await to_thread(run, *command, "--format", "json", **key)
    assert text.returncode == as_json.returncode == 0, text.stderr
    used = "Its calls used 0.5000 USD; 240 input tokens; 60 output tokens; gpt-4o-mini"
    assert used in text.stdout
    assert json.loads(as_json.stdout)["usage"] == {
        "input_tokens": 240,
        "output_tokens": 60,
        "cost_usd": 0.5,
        "models": ["gpt-4o-mini"],
    }


@pytest.mark.processes
def test_ctrl_c_ends_cleanly_and_what_was_finished_is_kept(
    run: Run, tmp_path: Path, prefect_environment: dict[str, str]
) -> None:
    (tmp_path / "seeds.csv").write_text("".join(f"Question {n}?\n" for n in range(12)))
    arguments = ["generate", "seeds.csv", *OWN_PAIR, "--max-concurrency", "2"]
    process = subprocess.Popen(
        [DUOLOGUE, *arguments],
        cwd=tmp_path,
        env={**prefect_environment, "BOT_SECONDS": "0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A child of a shell's background job ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    calls = tmp_path / "calls.log"
    while not calls.exists() or len(calls.read_text().splitlines()) < 12:
        time.sleep(0.02)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "Traceback" not in shown
    version = shown.split("--resume ")[1].split()[0]
    assert not (tmp_path / "datasets" / "seeds" / "latest.json").exists()
    done = run(*arguments, "--resume", version, "--format", "json")
    assert json.loads(done.stdout)["valid"] == 12
    # 36 calls make 12 conversations; the two that were in flight may have been made twice.
    assert 36 <= len(calls.read_text().splitlines()) <= 38


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["generate", "missing.csv"], "missing.csv: there is no such file"),
        (["generate", "."], "is a directory"),
        (["generate", "empty.csv"], "empty.csv"),
        (["generate", "header.csv"], "header.csv"),
        (["generate", "latin1.csv"], "UTF-8"),
        (["generate", "binary.csv"], "binary.csv"),
        (["generate", "seeds.txt"], "seeds.txt"),
        (["generate", "seeds.csv", "--turns", "0"], "turns is 0"),
        (["generate", "seeds.csv", "--turns", "-1"], "turns is -1"),
        (["generate", "seeds.csv", "--max-concurrency", "0"], "max_concurrency is 0"),
        (["generate", "seeds.csv", "--conversations-per-seed", "0"], "conversations_per_seed is 0"),
        (["generate", "seeds.csv", "--turns", "many"], "turns is 'many'; expected a whole number"),
        (
            ["generate", "seeds.csv", "--ends-with", "nobody"],
            "ends_with is 'nobody'; expected 'user'",
        ),
        (["generate", "seeds.csv", "--set", "end_marker="], "end_marker is ''"),
        (["generate", "seeds.csv", "--set", "call.timeout_seconds=0"], "call.timeout_seconds is 0"),
        (["generate", "seeds.csv", "--name", "../up"], "dataset name '../up'"),
        (["generate", "seeds.csv", "--name", "a/b"], "dataset name 'a/b'"),
        (["generate", "seeds.csv", "--output", "/proc/here"], "cannot be written to"),
        (["generate", "seeds.csv", "--output", "seeds.csv"], "cannot be written to"),
        (["generate", "seeds.csv", "--output", "nowhere://x"], "nowhere"),
        (["generate", "seeds.csv", "--chatbot", "smtp:bot"], "unknown kind 'smtp'"),
        (["generate", "seeds.csv", "--chatbot", "local:nothing.here"], "no module 'nothing'"),
        (["generate", "seeds.csv", "--chatbot", "python:bots:absent"], "no function 'absent'"),
        (
            ["generate", "seeds.csv", "--set", "chatbot_inputs.output=answer"],
            "has no output 'answer'; it has final_output",
        ),
        (
            ["generate", "seeds.csv", "--set", "chatbot_inputs.history_input=messages"],
            "has no input 'messages'; it has chat_history",
        ),
        (["generate", "seeds.csv", "--chatbot", "support-bot"], "VELLUM_API_KEY is not set"),
        (["generate", "seeds.csv", "--set", "tone"], "--set 'tone': expected NAME=VALUE"),
        (["generate", "seeds.csv", "--set", "tone=warm"], "there is no setting 'tone'"),
        (["generate"], "no seed file is named"),
        (["generate", "seeds.csv", "--resume", "yesterday"], "version 'yesterday'"),
        (["generate", "seeds.csv", "--message-column", "text"], "text"),
        (["seeds", "check", "missing.csv"], "missing.csv"),
        (["check", "missing.jsonl"], "missing.jsonl"),
        (["check", "bots.py"], "bots.py"),
        (["show", "latest"], "latest"),
        (["show", "20200101T000000000Z-00000000"], "not found"),
    ],
)
def test_wrong_use_is_reported_in_a_sentence_and_leaves_nothing_behind(
    run: Run, tmp_path: Path, arguments: list[str], told: str
) -> None:
    (tmp_path / "seeds.csv").write_text("Where is my order?\n")
    (tmp_path / "seeds.txt").write_text("Where is my order?\n")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "header.csv").write_text("message\n")
    (tmp_path / "latin1.csv").write_bytes("Où est ma commande ?\n".encode("latin-1"))
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 4)
    done = run(*arguments, VELLUM_API_KEY="")
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in " ".join(done.stderr.split())
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert not list(tmp_path.rglob("manifest.json"))


def test_an_unknown_flag_is_reported_with_exit_code_2(run: Run) -> None:
    done = run("generate", "seeds.csv", "--turn", "3")
    assert done.returncode == 2
    assert "No such option: --turn" in " ".join(done.stderr.split())


def test_debug_shows_the_traceback(run: Run) -> None:
    done = run("--debug", "generate", "missing.csv")
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "UsageError" in done.stderr


async def test_an_unknown_workflow_deployment_is_refused_before_anything_is_billed(
    run: Run, tmp_path: Path, vellum: StandIn
) -> None:
    (tmp_path / "seeds.csv").write_text("".join(f"Question {n}?\n" for n in range(50)))
    done = await to_thread(
        run,
        "generate",
        "seeds.csv",
        *("--chatbot", "no-such-bot", "--simulated-user", "simulated-user"),
        VELLUM_API_URL=vellum.url,
        VELLUM_API_KEY="some-key",
    )
    assert done.returncode == 2
    assert "There is no such Workflow Deployment" in done.stderr
    assert "no-such-bot" in done.stderr
    assert not list(tmp_path.rglob("manifest.json"))


def test_a_full_disk_leaves_no_version_and_loses_no_conversation(run: Run, tmp_path: Path) -> None:
    """It has room for the conversations' checkpoints, but not for a version of them."""
    (tmp_path / "seeds.csv").write_text("".join(f"Question {n}?\n" for n in range(10)))
    with small_disk(tmp_path / "datasets", size_kb=64):
        done = run("generate", "seeds.csv", *OWN_PAIR)
        assert done.returncode == 2, done.stdout
        assert "cannot be written" in done.stderr
        assert not list(tmp_path.rglob("manifest.json"))
        assert not list(tmp_path.rglob("latest.json"))
        assert not list(tmp_path.rglob("conversations.parquet"))
        assert len(list(tmp_path.rglob(".checkpoints/*/*"))) >= 1


def test_show_prints_one_conversation_or_all(run: Run, tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text("message,seed_id\nOne?,first\nTwo?,second\n")
    assert run("generate", "seeds.csv", *OWN_PAIR).returncode == 0
    everything = run("show", "latest").stdout
    assert "One?" in everything
    assert "Two?" in everything
    one = run("show", "latest", "second").stdout
    assert "One?" not in one
    assert "second-1  3 turns, max_turns" in one
    (version,) = (tmp_path / "datasets" / "seeds").glob("2*")
    for place in (version.name, str(version), f"{version}/conversations.parquet", "datasets/seeds"):
        assert run("show", place, "second-1").stdout == one
    missing = run("show", "latest", "third")
    assert missing.returncode == 2
    assert "no conversation of 'third'" in missing.stderr


def test_seeds_check_says_what_would_be_simulated(run: Run, tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_text('message,plan\nOne?,gold\n"",free\n')
    done = run("seeds", "check", "seeds.csv")
    assert done.returncode == 1
    assert "column 'message'" in done.stdout
    assert "rejected: seeds.csv:3: " in done.stdout
    assert "2 rows: 1 seed, 1 rejected" in done.stdout
    (tmp_path / "plain.csv").write_text("One?\nTwo?\n")
    assert run("seeds", "check", "plain.csv").returncode == 0


def test_a_first_message_that_looks_like_a_header_is_a_message_if_set_so(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "seeds.csv").write_text("Question\nWhere is it?\n")
    assert "1 seed," in run("seeds", "check", "seeds.csv").stdout
    assert "2 seeds" in run("seeds", "check", "seeds.csv", "--no-header").stdout


def test_check_reports_what_is_wrong_with_any_transcript(run: Run, tmp_path: Path) -> None:
    good = [
        {"role": "user", "content": "Open on Sunday?"},
        {"role": "assistant", "content": "Yes."},
    ]
    bad = [*good, {"role": "user", "content": "[END]"}]
    lines = [{"id": "good", "messages": good}, {"id": "bad", "messages": bad}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    table = run("check", "t.jsonl")
    assert table.returncode == 1
    assert "2 conversations: 1 valid (0 with warnings), 1 invalid" in table.stdout
    as_json = run("check", "t.jsonl", "--format", "json")
    assert as_json.returncode == 1
    first, second = map(json.loads, as_json.stdout.splitlines())
    assert first == {"id": "good", "valid": True, "violations": []}
    (violation,) = second["violations"]
    assert set(violation) == {"rule", "severity", "message_index", "detail"}
    assert (violation["rule"], violation["severity"]) == ("end_marker", "invalid")
    assert violation["message_index"] == 2


def test_check_reports_what_shows_in_the_file_as_a_whole(run: Run, tmp_path: Path) -> None:
    sorry = {"role": "assistant", "content": "We answer all questions in our shop."}
    questions = ["Do you open on Sunday?", "Where is my order?", "Can I return shoes?"]
    lines = [
        {"id": f"c{n}", "messages": [{"role": "user", "content": question}, sorry]}
        for n, question in enumerate(questions)
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    table = run("check", "t.jsonl")
    assert table.returncode == 0
    assert "canned_reply: one reply of 7 words is given in 3 of 3 conversations" in table.stdout
    assert "(c0, c1, c2)" in table.stdout
    assert len(run("check", "t.jsonl", "--format", "json").stdout.splitlines()) == len(lines)
    *_, last = run("check", "t.jsonl", "--format", "json", "--dataset").stdout.splitlines()
    (finding,) = json.loads(last)["dataset"]["findings"]
    assert (finding["rule"], finding["severity"]) == ("canned_reply", "warning")
    assert finding["conversation_ids"] == ["c0", "c1", "c2"]


def test_a_dataset_rule_can_hold_a_version_back(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bots.py").write_text(
        "async def chatbot(chat_history):\n    return 'We answer all questions in our shop.'\n"
        "async def user(chat_history):\n    return f'And what of {len(chat_history)} others?'\n"
    )
    (tmp_path / "seeds.csv").write_text("Where is it?\nHow are you?\nAre you open?\n")
    both = ("--chatbot", "python:bots:chatbot", "--simulated-user", "python:bots:user")
    done = run(
        "generate", "seeds.csv", *both, "--set", "dataset_rules.severities.canned_reply=invalid"
    )
    assert done.returncode == 1
    assert "Held back" in done.stdout
    assert "canned_reply: one reply of 7 words is given in 3 of 3 conversations" in done.stdout
    unknown = run("generate", "seeds.csv", *both, "--set", "dataset_rules.severities.echo=off")
    assert unknown.returncode == 2
    assert "there is no dataset rule 'echo'" in unknown.stderr


def test_the_guides_echo_bug_is_found(run: Run) -> None:
    done = run(
        "check", str(ROOT / "tests" / "fixtures" / "guide_echo_bug.json"), "--format", "json"
    )
    assert done.returncode == 1
    assert "user_echoes_assistant" in done.stdout


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("generate",),
        ("evaluate",),
        ("push-test-suite",),
        ("seeds", "check"),
        ("versions", "pin"),
    ],
)
def test_help_imports_nothing_heavy(run_in_new_python: Run, command: tuple[str, ...]) -> None:
    done = run_in_new_python(*command, "--help", PYTHONPROFILEIMPORTTIME="1")
    assert "Usage: duologue" in done.stdout
    assert "duologue.cli" in imported(done)
    heavy = {
        "asyncio",
        "prefect",
        "vellum",
        "pyarrow",
        "pandas",
        "pydantic",
        "upath",
        "httpx",
        "rich.markdown",
    }
    assert not heavy & imported(done)


WRONG = [
    (("generate", "seeds.csv", "--chatbot", "support-bot"), "VELLUM_API_KEY is not set"),
    (("generate", "seeds.csv", "--set", "test_suite.suite=mine"), "VELLUM_API_KEY is not set"),
    (("generate", "seeds.csv", "--chatbot", "smtp:bot"), "unknown kind 'smtp'"),
    (("generate", "seeds.csv", "--chatbot", "python:nothing:f"), "no module 'nothing'"),
    (("generate", "seeds.csv", "--simulated-user", "python:bots:f"), "has no function 'f'"),
    (("generate", "seeds.csv", "--simulated-user", "local:nothing"), "no module 'nothing'"),
    (("generate", "seeds.csv", "--chatbot", "local:duologue.nowhere"), "no module 'duologue.n"),
    (("generate", "missing.csv"), "there is no such file"),
    (("generate", "seeds.csv", "--turns", "0"), "turns is 0"),
    (("generate", "seeds.csv", "--name", "a/b"), "dataset name 'a/b'"),
    (
        ("generate", "seeds.csv", "--set", "gates.max_failed_shar=1"),
        "did you mean 'gates.max_f",
    ),
    (("generate", "seeds.csv", "--config", "missing.toml"), "missing.toml: cannot be read"),
    (("generate", "seeds.csv", "--set", "rules.severities.lop=off"), "there is no such rule"),
    (("evaluate", "--candidate", "support-bot"), "VELLUM_API_KEY is not set"),
    (("evaluate", "--baseline", "python:nothing:f"), "no module 'nothing'"),
    (("evaluate", "--max-concurrency", "0"), "max_concurrency is 0"),
    (("config", "--set", "turns=0"), "turns is 0"),
]
"""Arguments, and what is reported."""

RUNS_EACH = """
import json, os, sys, tempfile
from duologue.__main__ import main
import duologue.cli, duologue.settings.run  # what every command imports; each forks after that

def outcome(arguments):
    with tempfile.TemporaryFile("w+") as errors:
        if not (pid := os.fork()):
            os.dup2(errors.fileno(), 2)
            sys.argv = ["duologue", *arguments]
            try:
                main()
            except SystemExit as end:
                heavy = {"prefect", "vellum", "pyarrow", "pandas"} & set(sys.modules)
                print("imported", sorted(heavy), file=sys.stderr, flush=True)
                os._exit(end.code)
            os._exit(99)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        errors.seek(0)
        return [code, errors.read()]

print(json.dumps([outcome(arguments) for arguments in json.loads(sys.argv[1])]))
"""


def test_what_is_wrong_is_reported_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    (tmp_path / "bots.py").write_text(CHATBOT)
    (tmp_path / "seeds.csv").write_text("Where is my order?\n")
    cases = json.dumps([arguments for arguments, _ in WRONG])
    done = subprocess.run(
        [sys.executable, "-c", RUNS_EACH, cases],
        cwd=tmp_path,
        env={**os.environ, "VELLUM_API_KEY": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    for (arguments, told), (code, errors) in zip(WRONG, json.loads(done.stdout), strict=True):
        assert (code, told in errors) == (2, True), (arguments, errors)
        assert errors.endswith("imported []\n"), (arguments, errors)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("chatbot", "simulated_user"),
    [("{url}/chat", "openai:tiny"), ("python:bots:reply", "python:bots:ask")],
)
def test_a_run_without_vellum_never_imports_its_sdk(
    run_in_new_python: Run,
    tmp_path: Path,
    prefect_environment: dict[str, str],
    chatbot: str,
    simulated_user: str,
) -> None:
    (tmp_path / "seeds.csv").write_text("Where is my order?\n")
    (tmp_path / "duologue.toml").write_text(URL_INPUTS if "url" in chatbot else "")
    with model_server_in_thread() as server:
        done = run_in_new_python(
            *("generate", "seeds.csv", "--turns", "1", "--chatbot", chatbot.format(url=server.url)),
            *("--simulated-user", simulated_user),
            **prefect_environment,
            OPENAI_BASE_URL=f"{server.url}/v1",
            PYTHONPROFILEIMPORTTIME="1",
        )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "report.html" in done.stdout
    assert "duologue.tasks.simulate" in imported(done)
    assert "vellum" not in imported(done)


def imported(done: subprocess.CompletedProcess[str]) -> set[str]:
    """Returns the modules that a process imported, as PYTHONPROFILEIMPORTTIME lists them."""
    lines = done.stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


COMMANDS = [
    *("generate", "rerun", "config", "check", "show", "review", "diff", "evaluate"),
    *("compare", "export", "init", "doctor", "realism"),
    *("push-test-suite", "serve", "seeds", "seeds check", "seeds expand", "versions"),
    *("seeds mine", "seeds coverage", "publish-to", "publish-to hub"),
    *("versions pin", "versions unpin", "versions remove", "versions rollback"),
]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_the_screen_and_shows_an_example(run: Run, command: str) -> None:
    done = run(*command.split(), "--help", COLUMNS="80")
    assert max(map(len, done.stdout.splitlines())) <= 80
    example = done.stdout.partition("Example")[2]
    assert f"  duologue {command}".rstrip() in example


def test_help_cuts_no_default_and_no_table_name(run: Run) -> None:
    defaults = {
        "generate": (
            "datasets/seed_user_messages.csv",
            "local:duologue.workflows.support_bot",
            "local:duologue.workflows.simulated_user",
            "(default: 32)",
            "[tool.duologue]",
        ),
        "evaluate": ("(default: latest)", "(default: 32)", "[tool.duologue]"),
    }
    for command, shown in defaults.items():
        done = run(command, "--help", COLUMNS="80").stdout
        for text in shown:
            assert text in done, (command, text)
        assert "…" not in done


def test_every_command_has_its_help_checked(run: Run) -> None:
    listed = run("--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert {line.split()[0] for line in listed} == {command.split()[0] for command in COMMANDS}


@pytest.mark.processes
def test_the_flow_is_importable_without_side_effects(tmp_path: Path) -> None:
    code = "import duologue.flows.generate_dataset, os; print(os.listdir('.'))"
    environment = {**os.environ, "PREFECT_HOME": str(tmp_path / "home")}
    (tmp_path / "cwd").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "cwd",
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_command_lines_server_settings_are_those_of_prefect_toml() -> None:
    def flattened(table: dict[str, object], prefix: str) -> dict[str, str]:
        flat: dict[str, str] = {}
        for name, value in table.items():
            key = f"{prefix}_{name.upper()}"
            flat |= flattened(value, key) if isinstance(value, dict) else {key: str(value).lower()}
        return flat

    in_file = flattened(tomllib.loads((ROOT / "prefect.toml").read_text()), "PREFECT")
    assert in_file.items() <= PREFECT_DEFAULTS.items()
    rest = {name for name in PREFECT_DEFAULTS if "LOGGING" not in name}
    assert rest - {"DO_NOT_TRACK"} <= in_file.keys()


def test_seeds_expand_writes_the_grid_or_says_in_a_sentence_why_not(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "seeds.csv").write_text('message\nOne?\nTwo?\n""\n')
    (tmp_path / "people.csv").write_text("name,persona\na,curt\nb,chatty\n")
    done = run("seeds", "expand", "seeds.csv", "--with", "people.csv")
    assert done.returncode == 1  # one row is rejected
    assert "rejected: seeds.csv:4: message is empty" in done.stdout
    assert "4 seeds written to seeds_expanded.csv: 2 seeds x 2 people" in done.stdout
    checked = run("seeds", "check", "seeds_expanded.csv").stdout
    assert "scenario: persona in 4 seeds\n4 rows: 4 seeds, 0 rejected" in checked
    again = run("seeds", "expand", "seeds.csv", "--with", "people.csv", "--count", "3")
    assert (again.returncode, "is already there" in again.stderr) == (2, True)
    sample = run(
        *("seeds", "expand", "seeds.csv", "--with", "people.csv"),
        *("--count", "3", "-o", "some.jsonl"),
    )
    assert "3 seeds written to some.jsonl: a balanced sample of 4 from 2 seeds x" in sample.stdout
    bundled = run("seeds", "expand", "seeds.csv", "--with", "personas.csv", "-o", "all.csv")
    assert "48 seeds written to all.csv: 2 seeds x 24 personas" in bundled.stdout
    (tmp_path / "people.csv").write_text("name,persona\na,curt\na,chatty\n")
    bad = run("seeds", "expand", "seeds.csv", "--with", "people.csv", "-o", "bad.csv")
    assert bad.returncode == 2
    assert bad.stderr.strip() == (
        "Error: people.csv:3: the name 'a' already stands on line 2; give each variant its own"
    )
    assert not (tmp_path / "bad.csv").exists()
