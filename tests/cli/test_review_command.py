"""`duologue review`, `duologue check --labels`, and what `duologue show` says afterwards."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from duologue.cli import app
from duologue.reliability.decisions import text_digest
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION
from tests.dataset.reviewing import echo, of, sound

MADE = of(*(echo(n) if n < 2 else sound(n) for n in range(6)))


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    output = tmp_path / "datasets"
    publish_latest(write_version(DatasetFolder(str(output), "shop"), VERSION, MADE))
    return output


def run(datasets: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--output", str(datasets)])


def decisions(folder: Path, reviewer: str, broken: dict[int, bool]) -> str:
    path = folder / f"{reviewer}.json"
    texts = {item.seed.seed_id: text_digest(item.conversation.messages) for item in MADE.checked}
    value = {
        "format": "duologue-review",
        "format_version": 1,
        "dataset": "shop",
        "version": VERSION,
        "revision": 1,
        "reviewer": reviewer,
        "downloaded_at": "2026-11-25T09:00:00Z",
        "strata": [],
        "decisions": [
            {
                "conversation_id": f"s{n}-1",
                "text_sha256": texts[f"s{n}"],
                "broken": is_broken,
                "decided_at": "2026-11-25T08:59:59.123Z",
                "stratum": "rest",
                "inclusion_probability": 1,
                "weight": 1,
            }
            for n, is_broken in broken.items()
        ],
    }
    path.write_text(json.dumps(value))
    return str(path)


def test_decisions_are_stored_and_the_figures_printed(datasets: Path, tmp_path: Path) -> None:
    anna = decisions(tmp_path, "Anna", {0: True, 1: True, 2: False, 3: True})
    ben = decisions(tmp_path, "Ben", {0: True, 1: False, 2: False, 3: True})
    done = run(datasets, "review", "latest", anna, ben)
    assert done.exit_code == 0, done.output
    assert f"shop {VERSION}, revision 1" in done.stdout
    assert "4 conversations reviewed (Anna 4, Ben 4)" in done.stdout
    # 1.5 of 2 flagged ones are broken; of the rest 1 of 2, which stands for 2: 1.5 / 3.5.
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("any invalid finding  ")]
    assert "75.0 (" in row
    assert "42.9 (" in row
    assert "Anna and Ben agree on 75.0 % of 4 conversations; Cohen's kappa 0.500" in done.stdout
    assert "s3-1: Anna: broken; Ben: broken; no rule finds it invalid" in done.stdout
    again = run(datasets, "review", VERSION)
    assert again.stdout == done.stdout, "what is stored counts without the files"
    table = done.stdout[done.stdout.index("rule or criterion") :].split("\n\n")[0]
    for command in ("show", "check"):
        shown = run(datasets, command, "latest").stdout
        assert f"Measured on 4 reviewed conversations of {VERSION}, in brackets 95 %" in shown
        assert table in shown, "the same figures in the same form"
    assert "Measured" not in run(datasets, "show", "latest", "s3").stdout
    assert "Measured" not in run(datasets, "check", "latest", "--format", "json").stdout


def test_all_figures_are_there_as_json(datasets: Path, tmp_path: Path) -> None:
    file = decisions(tmp_path, "Anna", {0: True, 2: False})
    value = json.loads(run(datasets, "review", "latest", file, "--format", "json").stdout)
    assert (value["version"], value["revision"], value["simulated_again"]) == (VERSION, 1, [])
    assert value["reliability"]["signals"][0]["precision"]["estimate"] == 1
    folder = datasets / "shop" / "reviews" / VERSION
    assert json.loads((folder / "reliability.json").read_text()) == value


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["latest"], "none of its conversations is reviewed; press R in its report.html"),
        (["latest", "missing.json"], "missing.json: not found"),
        (["20261125T053516123Z-1a2b3c4d"], "not found"),
    ],
)
def test_what_cannot_be_reviewed_says_why(
    datasets: Path, arguments: list[str], reason: str
) -> None:
    done = run(datasets, "review", *arguments)
    assert done.exit_code == 2
    assert reason in done.stderr
    assert "Traceback" not in done.output


def test_labels_of_any_file_measure_the_rules(tmp_path: Path) -> None:
    which = "Which of our lamps would you like to have?"
    talks = [
        {"id": "a", "messages": ["A lamp?", which, which]},
        {"id": "b", "messages": ["Is the red lamp in stock?", "It is.", "Then I take it, please."]},
        {"id": "c", "messages": ["Is the blue lamp in stock?", "No.", "Lamp lamp, I am the shop."]},
        {"id": "d", "messages": ["Where is my order?", "On its way.", "Good to hear."]},
    ]
    roles = ("user", "assistant", "user")
    file, labels = tmp_path / "talks.jsonl", tmp_path / "labels.csv"
    with file.open("w") as lines:
        for talk in talks:
            said = zip(roles, talk["messages"], strict=True)
            messages = [{"role": role, "content": text} for role, text in said]
            lines.write(json.dumps({"id": talk["id"], "messages": messages}) + "\n")
    labels.write_text("id,broken,kinds\na,yes,echo\nb,no,\nc,yes,role_flip\n")
    arguments = ["check", str(file), "--labels", str(labels)]
    text = CliRunner().invoke(app, arguments)
    assert text.exit_code == 1
    assert "3 conversations reviewed (labels 3)" in text.stdout
    done = CliRunner().invoke(app, [*arguments, "--format", "json"])
    *checked, last = map(json.loads, done.stdout.splitlines())
    assert [line["id"] for line in checked] == ["a", "b", "c", "d"]
    signals = {row["name"]: row for row in last["reliability"]["signals"]}
    echoes = signals["user_echoes_assistant"]
    assert echoes["precision"]["estimate"] == 1
    assert echoes["recall"]["estimate"] == 0.5
    assert [row["kind"] for row in last["reliability"]["kinds"]] == ["echo", "role_flip"]
    labels.write_text("id,broken\nx,yes\n")
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 2
    assert "label of 'x': no conversation of" in refused.stderr
