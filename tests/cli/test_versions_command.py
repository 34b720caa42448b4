"""`duologue versions` and `duologue rerun` as a person uses them, in processes of their own."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from duologue.cli import app
from duologue.settings.run import Gates
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import checked, contents, failed
from tests.support import commands

OLD, GOOD, HELD_BACK = (f"2026112{day}T020000000Z-1a2b3c4d" for day in (1, 2, 3))


THREE_TURNS = (
    "Are you open on Sunday?",
    "Yes, from ten to four.",
    "And can I bring something back then?",
    "Bring it to the counter by the door, with the receipt.",
    "What if the receipt is gone?",
    "Then a bank statement will do.",
    "Good. Is there parking nearby?",
)


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    """Two good versions, the second published, and a newer one that was held back."""
    output = str(tmp_path / "out")
    for version in (OLD, GOOD):
        manifest = write_version(
            DatasetFolder(output, "shop"), version, contents(checked(*THREE_TURNS))
        ).manifest
        publish_latest(DatasetFolder(output, "shop").version(manifest))
    write_version(
        DatasetFolder(output, "shop"), HELD_BACK, contents(failed=[failed("Hi")], gates=Gates())
    )
    return tmp_path


def duologue(folder: Path, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return commands.duologue(*arguments, cwd=folder, answer=answer)


def listed(folder: Path) -> dict[str, dict[str, object]]:
    done = duologue(folder, "versions", "--output", "out", "--format", "json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["version"]: line for line in lines}


def latest(folder: Path) -> list[str]:
    return [version for version, line in listed(folder).items() if line["latest"]]


def test_the_list_has_the_newest_first_and_says_which_are_what(datasets: Path) -> None:
    assert list(listed(datasets)) == [HELD_BACK, GOOD, OLD]
    shown = duologue(datasets, "versions", "--output", "out").stdout
    rows = [line.split() for line in shown.splitlines()]
    assert rows[1] == [HELD_BACK, "1", "0", "0", "1", "held", "back"]
    assert rows[2] == [GOOD, "1", "1", "0", "0", "latest"]
    assert rows[3] == [OLD, "1", "1", "0", "0"]
    assert f"{HELD_BACK} is held back: 1 of 1 conversations failed (100.0%)" in shown


def test_a_pinned_version_is_shown_with_its_reason_and_not_removed(datasets: Path) -> None:
    done = duologue(datasets, "versions", "pin", OLD, "--reason", "release 4", "--output", "out")
    assert done.returncode == 0, done.stderr
    assert listed(datasets)[OLD]["pin_reason"] == "release 4"
    refused = duologue(datasets, "versions", "remove", OLD, "--output", "out", "--yes")
    assert refused.returncode == 2
    assert f"duologue versions unpin {OLD}" in refused.stderr
    assert duologue(datasets, "versions", "unpin", OLD, "--output", "out").returncode == 0
    assert listed(datasets)[OLD]["pinned"] is False


def test_removing_asks_first(datasets: Path) -> None:
    kept = duologue(datasets, "versions", "remove", OLD, "--output", "out", answer="n\n")
    assert kept.returncode == 1
    assert OLD in listed(datasets)
    gone = duologue(datasets, "versions", "remove", OLD, "--output", "out", answer="y\n")
    assert gone.returncode == 0, gone.stderr
    assert OLD not in listed(datasets)


def test_the_published_version_is_not_removed(datasets: Path) -> None:
    refused = duologue(datasets, "versions", "remove", GOOD, "--output", "out", "--yes")
    assert refused.returncode == 2
    assert "is the one that `latest` names" in refused.stderr
    assert GOOD in listed(datasets)


def test_latest_is_rolled_back_to_the_good_version_before(datasets: Path) -> None:
    assert latest(datasets) == [GOOD]
    done = duologue(datasets, "versions", "rollback", "--output", "out")
    assert done.stdout == f"latest is now {OLD}, revision 1\n"
    assert latest(datasets) == [OLD]
    duologue(datasets, "versions", "rollback", GOOD, "--output", "out")
    assert latest(datasets) == [GOOD]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["versions"], "dataset: not found in datasets; name the folder that holds"),
        (["versions", "--output", "out", "pin", OLD], "--output: stands before `pin`; write it"),
        (["versions", "pin", "yesterday", "--output", "out"], "version yesterday: not found"),
        (["versions", "--output", "out", "--name", "a/b"], "dataset name 'a/b': expected"),
        (["rerun", "--output", "nowhere"], "latest: nothing is published in nowhere"),
        (["rerun", HELD_BACK, "nobody", "--output", "out"], "seed 'nobody': is not among the 1"),
        (["rerun", "latest", "--output", "out", "--max-concurrency", "0"], "max_concurrency is 0"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(
    datasets: Path, arguments: list[str], said: str
) -> None:
    done = duologue(datasets, *arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_complete_version_needs_no_rerun(datasets: Path) -> None:
    done = duologue(datasets, "rerun", "--output", "out")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"shop {GOOD}, revision 1: nothing to simulate again\n"


def test_two_versions_are_compared_conversation_by_conversation(datasets: Path) -> None:
    output = str(datasets / "out")
    said_differently = (*THREE_TURNS[:-1], "Good. Do you have a lift?")
    before = contents(
        checked(*THREE_TURNS, seed_id="same"),
        checked(*THREE_TURNS, seed_id="changed"),
        checked(*THREE_TURNS, seed_id="worse"),
        checked(*THREE_TURNS, seed_id="gone"),
        failed=[failed("Hi", seed_id="better")],
    )
    after = contents(
        checked(*THREE_TURNS, seed_id="same"),
        checked(*said_differently, seed_id="changed"),
        checked(*THREE_TURNS, seed_id="better"),
        checked(*THREE_TURNS, seed_id="new"),
        failed=[failed("Hi", seed_id="worse")],
        chatbot="support-bot@v2",
    )
    for version, made in ((OLD, before), (GOOD, after)):
        write_version(DatasetFolder(output, "bank"), version, made)
    asked = ["diff", OLD, GOOD, "--output", "out", "--name", "bank"]
    shown = duologue(datasets, *asked).stdout
    for line in (
        "setting chatbot.reference: support-bot@production → support-bot@v2",
        "1 added: new-1",
        "1 removed: gone-1",
        "1 newly failing: worse-1",
        "1 newly good: better-1",
        "1 changed: changed-1",
    ):
        assert line in shown.splitlines()
    as_json = json.loads(duologue(datasets, *asked, "--format", "json").stdout)
    assert as_json["changed"] == ["changed-1"]
    assert as_json["counts_before"]["failed"] == 1
    same = duologue(datasets, "diff", GOOD, GOOD, "--output", "out", "--name", "bank").stdout
    assert "0 changed" in same.splitlines()


SEVERAL_COMMANDS = (
    ["show", "latest"],
    ["versions"],
    ["versions", "rollback"],
    ["diff", "latest", GOOD],
    ["evaluate", "latest"],
    ["rerun"],
    ["export", "latest", "deepeval", "goldens.jsonl"],
    ["push-test-suite", "latest", "suite"],
    ["check", "latest"],
)


@pytest.mark.parametrize("command", SEVERAL_COMMANDS, ids=" ".join)
def test_with_several_datasets_each_command_says_what_to_type(
    datasets: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = str(datasets / "out")
    publish_latest(
        write_version(DatasetFolder(output, "bank"), GOOD, contents(checked(*THREE_TURNS)))
    )
    monkeypatch.chdir(datasets)
    typed = [*command, "--output", output]
    refused = CliRunner().invoke(app, typed)
    assert refused.exit_code == 2, refused.output
    assert "holds several datasets (bank, shop); choose one with --name" in refused.stderr
    suggested = refused.stderr.strip().partition("for example: duologue ")[2]
    assert suggested == f"{shlex.join(typed)} --name bank"
    if command[0] in ("show", "versions", "check", "diff", "export"):
        done = CliRunner().invoke(app, shlex.split(suggested))
        assert "holds several datasets" not in done.output
        assert done.exit_code == (2 if command == ["versions", "rollback"] else 0), done.output


def test_the_seed_file_in_the_config_file_names_the_dataset(
    datasets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = DatasetFolder(str(datasets / "out"), "bank")
    publish_latest(write_version(output, GOOD, contents(checked(*THREE_TURNS))))
    (datasets / "duologue.toml").write_text('seeds = "data/bank.csv"\noutput = "out"\n')
    monkeypatch.chdir(datasets)
    done = CliRunner().invoke(app, ["versions", "--format", "json"])
    assert [json.loads(line)["dataset"] for line in done.stdout.splitlines()] == ["bank"]
