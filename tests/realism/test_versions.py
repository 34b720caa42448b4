"""Realism of versions: stored with the dataset, as a measure, as a gate, and from the command."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from duologue.cli import app
from duologue.conversation.messages import Role
from duologue.dataset.contents import DatasetContents
from duologue.dataset.realism import check_reference, realism_of
from duologue.errors import UsageError
from duologue.settings.run import Gates, RealismSettings
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder, Version
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents
from tests.realism.making import REAL, users, write

LATER = "20261125T053516000Z-1a2b3c4d"
POLITE = replace(REAL, polite=1.0)


def made(count: int = 50) -> DatasetContents:
    """A version whose users say please in every message after the first."""
    conversations = []
    for user in users(count, POLITE, prefix="s"):
        texts = [text for one in user.spoken for text in (one.text, "It arrives on Monday.")]
        conversations.append(checked(*texts, seed_id=user.id))
    return contents(*conversations)


@pytest.fixture
def real(tmp_path: Path) -> str:
    return write(tmp_path / "real.jsonl", users(50, prefix="r"), cluster="parcels")


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    output = tmp_path / "datasets"
    publish_latest(write_version(DatasetFolder(str(output), "shop"), VERSION, made()))
    return output


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["realism", *arguments])


def test_a_version_is_measured_and_the_result_is_stored_with_a_page(
    datasets: Path, real: str
) -> None:
    done = run("latest", "--real", real, "--output", str(datasets), "--format", "json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert {"auc", "interval", "floor", "p_value", "grade", "features"} <= told.keys()
    assert told["features"][0]["feature"] == "polite"
    example = told["features"][0]["examples"][0]
    conversation = {item.conversation.conversation_id: item for item in made().checked}[
        example["conversation_id"]
    ].conversation
    message = conversation.messages[example["message_index"]]
    assert (message.role, "please" in message.text.lower()) == (Role.USER, True)
    folder = datasets / "shop" / "realism" / VERSION
    stored = json.loads((folder / "realism.json").read_text())
    assert (stored["version"], stored["realism"]) == (VERSION, told)
    page = (folder / "report.html").read_text()
    assert f"Grade {told['grade']}" in page
    assert told["features"][0]["sentence"] in page
    assert "over versions" not in page


def test_the_page_draws_earlier_versions_against_the_same_file(
    datasets: Path, real: str, tmp_path: Path
) -> None:
    run(VERSION, "--real", real, "--output", str(datasets))
    write_version(DatasetFolder(str(datasets), "shop"), LATER, made())
    run(LATER, "--real", real, "--output", str(datasets))
    page = datasets / "shop" / "realism" / LATER / "report.html"
    assert "AUC over 2 versions" in page.read_text()
    other = write(tmp_path / "other.jsonl", users(50, prefix="other"))
    run(LATER, "--real", other, "--output", str(datasets))
    assert "AUC over 2 versions" not in page.read_text()


def test_the_terminal_shows_grade_floor_and_reasons(datasets: Path, real: str) -> None:
    done = run("--real", real, "--output", str(datasets))
    assert done.exit_code == 0, done.output
    shown = " ".join(done.stdout.split())
    assert shown.startswith("Grade ")
    assert "Real against real, 40 random halves" in shown
    assert "say please or thanks" in shown
    assert "report.html" in shown


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (12, "holds 12 conversations in which both sides say something; realism needs at least 50"),
        (0, "is empty (0 bytes)"),
    ],
)
def test_a_file_that_is_too_small_is_refused_and_nothing_is_written(
    datasets: Path, tmp_path: Path, count: int, expected: str
) -> None:
    small = write(tmp_path / "small.jsonl", users(count, prefix="r"))
    done = run("latest", "--real", small, "--output", str(datasets))
    assert done.exit_code == 2
    assert expected in done.stderr
    assert not (datasets / "shop" / "realism").exists()


def test_no_file_of_real_users(datasets: Path) -> None:
    done = run("latest", "--output", str(datasets))
    assert done.exit_code == 2
    assert "--real: is missing" in done.stderr


def test_the_users_of_any_two_files_are_compared(tmp_path: Path, real: str) -> None:
    simulated = write(tmp_path / "simulated.jsonl", users(50, POLITE, prefix="s"))
    done = run("--between", simulated, real, "--format", "json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["simulated"]["name"], told["real"]["name"]) == (simulated, real)
    assert told["features"][0]["feature"] == "polite"


def test_both_files_and_a_version_are_too_much(real: str) -> None:
    done = run("latest", "--between", real, real)
    assert done.exit_code == 2
    assert "--between: names both files" in done.stderr


def of_night(real: str | None, gate: float | None = None) -> DatasetContents:
    before = made()
    settings = before.settings.model_copy(
        update={
            "realism": RealismSettings(real=real),
            "gates": Gates(max_realism_auc=gate),
        }
    )
    return replace(before, settings=settings)


def written(tmp_path: Path, night: DatasetContents) -> Version:
    folder = DatasetFolder(str(tmp_path / "nights"), "shop")
    return write_version(folder, VERSION, night, realism_of(night))


def test_a_night_has_the_measure_and_passes_its_gate(tmp_path: Path, real: str) -> None:
    manifest = written(tmp_path, of_night(real, 1.0)).manifest
    assert manifest.held_back == ()
    assert manifest.quality.measures["realism_auc"].value > 0.9


def test_a_night_above_the_gate_is_held_back(tmp_path: Path, real: str) -> None:
    version = written(tmp_path, of_night(real, 0.6))
    (reason,) = version.manifest.held_back
    assert reason.startswith("simulated users are too easy to tell from real ones: AUC 1.000")
    assert reason.endswith("max_realism_auc allows 0.6")
    page = (version.folder / "report.html").read_text()
    assert "AUC, simulated against real users" in page


def test_a_file_that_is_gone_costs_no_conversation(tmp_path: Path, real: str) -> None:
    night = of_night(real, 0.6)
    Path(real).unlink()
    manifest = written(tmp_path, night).manifest
    assert manifest.counts.valid == 50
    (reason,) = manifest.held_back
    assert reason.startswith("realism could not be measured: ")
    assert "realism_auc" not in manifest.quality.measures


def test_without_a_file_nothing_is_measured(tmp_path: Path) -> None:
    manifest = written(tmp_path, of_night(None)).manifest
    assert manifest.held_back == ()
    assert "realism_auc" not in manifest.quality.measures


def test_the_file_is_checked_before_a_run(tmp_path: Path, real: str) -> None:
    check_reference(of_night(real).settings)
    small = write(tmp_path / "small.jsonl", users(12))
    with pytest.raises(UsageError, match="needs at least 50"):
        check_reference(of_night(small).settings)
    with pytest.raises(UsageError, match=r"max_realism_auc is 0.9, but realism.real is empty"):
        check_reference(of_night(None, 0.9).settings)
