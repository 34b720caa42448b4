"""Coverage of the real traffic: of a version by command, as a measure, and in the report."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from duologue.cli import app
from duologue.conversation.messages import Message, Role
from duologue.dataset.contents import DatasetContents
from duologue.dataset.coverage import coverage_of
from duologue.errors import UsageError
from duologue.seeds import read_seeds
from duologue.settings.run import RealismSettings
from duologue.traffic.coverage import coverage, opening_of, read_real
from duologue.validation.dataset_rules.drift import compared, drifted
from duologue.validation.quality import DatasetQuality
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder, Version
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents

REAL = (
    ["a refund please"] * 5 + ["what are your opening hours"] * 3 + ["my password <b>fails</b>"] * 2
)


def written_real(path: Path, openings: Sequence[str] = REAL) -> str:
    """A file of real conversations, every second of which the chatbot opens with a greeting."""
    lines = []
    for number, text in enumerate(openings):
        greeting = [{"role": "ASSISTANT", "text": "Hello!"}] if number % 2 else []
        messages = [{"role": "USER", "text": text}, {"role": "ASSISTANT", "text": "Sure."}]
        lines.append(
            json.dumps({"conversation_id": f"r{number}", "chat_history": greeting + messages})
        )
    path.write_text("\n".join(lines))
    return str(path)


def made(real: str | None = None) -> DatasetContents:
    """Three conversations about refunds, two of which open alike."""
    texts = ["I want a refund please", "I want a refund please", "refund my order please"]
    spoken = [checked(text, "Of course.", seed_id=f"s{n}") for n, text in enumerate(texts)]
    plain = contents(*spoken)
    settings = plain.settings.model_copy(update={"realism": RealismSettings(real=real)})
    return replace(plain, settings=settings)


def written(folder: Path, run: DatasetContents) -> Version:
    dataset = DatasetFolder(str(folder / "datasets"), "shop")
    version = write_version(dataset, VERSION, run, coverage=coverage_of(run))
    publish_latest(version)
    return version


@pytest.fixture
def real(tmp_path: Path) -> str:
    return written_real(tmp_path / "real conversations.jsonl")


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    written(tmp_path, made())
    return tmp_path / "datasets"


def run(datasets: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        app, ["seeds", "coverage", "latest", "--output", str(datasets), *arguments]
    )


def test_the_command_counts_clusters_and_conversations(datasets: Path, real: str) -> None:
    done = run(datasets, "--real", real, "--format", "json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["clusters"], told["covered"], told["share"]) == (3, 1, 0.5)
    assert [(one["real"], one["dataset"]) for one in told["by_cluster"]] == [(5, 3), (3, 0), (2, 0)]
    assert told["by_cluster"][1]["message"] == "what are your opening hours"
    assert told["by_cluster"][1]["examples"] == ["r5", "r6", "r7"]
    assert told["missing"][0]["conversation_ids"] == ["r5", "r6", "r7"]


def test_the_command_shows_what_is_missing(datasets: Path, real: str) -> None:
    done = run(datasets, "--real", real)
    shown = " ".join(done.stdout.split())
    assert "1 of 3 clusters of the real traffic have a conversation" in shown
    assert "50.0% of the real conversations" in shown
    assert shown.index("opening hours") < shown.index("my password")


def test_the_missing_seeds_can_be_run(datasets: Path, real: str, tmp_path: Path) -> None:
    more = tmp_path / "more_seeds.csv"
    assert run(datasets, "--real", real, "--missing", str(more)).exit_code == 0
    found = [seed.message for seed in read_seeds(str(more)).seeds]
    assert found == ["what are your opening hours", "my password <b>fails</b>"]
    again = run(datasets, "--real", real, "--missing", str(more))
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("openings", "expected"),
    [([" "], "no conversation opens with a user's text"), ([], "is empty (0 bytes)")],
)
def test_a_file_without_openings_is_refused(
    datasets: Path, tmp_path: Path, openings: list[str], expected: str
) -> None:
    done = run(datasets, "--real", written_real(tmp_path / "none.jsonl", openings))
    assert (done.exit_code, expected in done.stderr) == (2, True), done.stderr


def test_a_version_has_the_measure_and_its_report_the_gaps(tmp_path: Path, real: str) -> None:
    version = written(tmp_path, made(real))
    assert version.manifest.quality.measures["coverage"].value == 0.5
    page = (version.folder / "report.html").read_text()
    assert "1 of 3 clusters of real conversations have a conversation here" in page
    assert "50.0% of the 10 conversations" in page
    assert page.index("what are your opening hours") < page.index("my password &lt;b&gt;fails")
    assert f"duologue seeds coverage {VERSION} --real &#39;{real}&#39; --missing" in page


def test_a_version_that_covers_everything_lists_nothing(tmp_path: Path) -> None:
    real = written_real(tmp_path / "real.jsonl", ["a refund please"] * 4)
    version = written(tmp_path, made(real))
    assert version.manifest.quality.measures["coverage"].value == 1
    page = (version.folder / "report.html").read_text()
    assert "1 of 1 clusters" in page
    assert "--missing" not in page


def test_without_a_file_nothing_is_measured(tmp_path: Path) -> None:
    version = written(tmp_path, made())
    assert "coverage" not in version.manifest.quality.measures
    assert "Coverage of the real traffic" not in (version.folder / "report.html").read_text()


def test_a_file_that_is_gone_is_named(real: str) -> None:
    Path(real).unlink()
    with pytest.raises(UsageError, match=r"real conversations\.jsonl"):
        coverage_of(made(real))


def test_no_conversation_covers_nothing(real: str) -> None:
    found = coverage(read_real(real), [])
    assert (found.share, found.covered, len(found.missing)) == (0, 0, 3)


def test_an_opening_is_the_first_message_or_follows_a_greeting() -> None:
    user, bot = Message(Role.USER, "Hi"), Message(Role.ASSISTANT, "Hello!")
    assert [opening_of(one) for one in ([user], [bot, user], [bot, bot, user], [])] == [
        *("Hi", "Hi", None, None)
    ]


def test_only_less_coverage_is_a_finding() -> None:
    earlier: list[DatasetQuality] = []
    for value in (0.6, 0.61, 0.6, 0.59, 0.6, 0.6):
        measures = compared({"coverage": value}, {"coverage": 0.01}, {}, earlier, 7)
        earlier.append(DatasetQuality(measures=measures, distributions={}, findings=()))
    found = {
        value: [name for name, _ in drifted(compared({"coverage": value}, {}, {}, earlier, 7))]
        for value in (0.2, 0.6, 0.95)
    }
    assert found == {0.2: ["coverage"], 0.6: [], 0.95: []}
