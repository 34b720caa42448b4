"""The files of an evaluation: where they are, whole or not at all, for every reader."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from upath import UPath

from duologue.dataset.schema import columns_table
from duologue.evaluation.manifest import EVALUATION_MANIFEST_FILE, EvaluationManifest
from duologue.evaluation.replies import Side
from duologue.evaluation.rows import evaluation_schema
from duologue.evaluation.scorers import SAME, SIMILARITY
from duologue.plans.evaluation import plan_evaluation
from duologue.settings.participants import ParticipantInputs
from duologue.versions.evaluations import write_evaluation
from tests.dataset.before_usage import write_version_as_before_usage
from tests.dataset.making import VERSION
from tests.processes.evaluation_cut_short import contents_of
from tests.support.evaluating import QUICK, evaluated, evaluation_of, folder, rows, write_one
from tests.support.generating import QUICK as NIGHT
from tests.support.generating import generated, manifest_of, output_of
from tests.support.vellum_stand_in import StandIn, StandInDeployment

DICTIONARY = Path(__file__).parents[2] / "docs" / "reference" / "data_dictionary.md"
ROOT = Path(__file__).parents[2]
FILES = ["evaluation.json", "evaluation.parquet", "report.html"]

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """Where there is a version of four conversations, with twelve prefixes."""
    write_one(tmp_path / "datasets")
    return tmp_path / "datasets"


def read(place: UPath) -> EvaluationManifest:
    """An evaluation's manifest, its files compared with what it says of them."""
    text = (place / EVALUATION_MANIFEST_FILE).read_text()
    manifest = EvaluationManifest.model_validate_json(text)
    assert [file.name for file in manifest.files] == ["evaluation.parquet", "report.html"]
    for file in manifest.files:
        data = (place / file.name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.bytes, file.sha256)
    return manifest


# What is in them


def test_no_evaluation_took_less_than_no_time_although_the_clock_was_set_back(
    output: Path,
) -> None:
    plan = plan_evaluation(output=str(output))
    contents = replace(contents_of(plan), started_at=datetime.now(UTC) + timedelta(hours=3))
    assert write_evaluation(plan, "20261125T060000000Z-5e6f7a8b", contents).seconds == 0


async def test_the_manifest_says_what_was_evaluated_and_what_its_files_hold(
    output: Path, vellum: StandIn
) -> None:
    manifest = await evaluation_of(
        await evaluated(output, candidate="support-bot@next", baseline="support-bot")
    )
    place = folder(output, manifest)
    assert sorted(path.name for path in place.iterdir()) == FILES
    assert read(UPath(place)) == manifest
    assert manifest.files[0].rows == 24
    version = json.loads((output / "shop" / VERSION / "manifest.json").read_text())
    digests = {file["name"]: file["sha256"] for file in version["files"]}
    assert manifest.version.model_dump() == {
        "dataset": "shop",
        "version": VERSION,
        "revision": 1,
        "path": str(output / "shop" / VERSION),
        "conversations_sha256": digests["conversations.parquet"],
    }
    baseline = manifest.settings.baseline
    assert baseline is not None
    assert (manifest.settings.candidate.reference, baseline.reference) == (
        "support-bot@next",
        "support-bot",
    )
    assert manifest.started_at < manifest.created_at


async def test_every_reader_gets_the_same_rows(output: Path, vellum: StandIn) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status:400"}
    manifest = await evaluation_of(await evaluated(output, baseline="support-bot@next"))
    path = folder(output, manifest) / "evaluation.parquet"
    expected = pq.read_table(path).to_pylist()
    assert len(expected) == 24
    assert pl.read_parquet(path).to_dicts() == expected
    relation = duckdb.read_parquet(str(path))
    assert [
        dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()
    ] == expected
    frame = pd.read_parquet(path)
    assert list(frame.columns) == list(expected[0])
    for column in ("next_turn_id", "verdict", "reply", "score_similarity"):
        values = [None if pd.isna(value) else value for value in frame[column]]
        assert values == [row[column] for row in expected]
    assert [list(broken) for broken in frame["broken_rules"]] == [
        row["broken_rules"] for row in expected
    ]


async def test_the_columns_are_those_that_readers_were_promised(
    output: Path, vellum: StandIn
) -> None:
    scoring = {"own_scorers": ["python:tests.evaluation.own_scorers:polite"]}
    manifest = await evaluation_of(await evaluated(output, advanced={**QUICK, "scoring": scoring}))
    schema = pq.read_schema(folder(output, manifest) / "evaluation.parquet")
    assert schema.names == [
        "next_turn_id",
        "conversation_id",
        "seed_id",
        "sample",
        "turn_index",
        "side",
        "chatbot",
        "chatbot_release_tag",
        "user_message",
        "reference_reply",
        "reply",
        "verdict",
        "causes",
        "closeness",
        "noise_closeness",
        "broken_rules",
        "execution_id",
        "latency_ms",
        "attempts",
        "error_class",
        "reason",
        "verdicts",
        "score_same",
        "score_similarity",
        "score_polite",
    ]
    expected = evaluation_schema([SAME, SIMILARITY, "polite"])
    assert schema.equals(expected, check_metadata=True)


async def test_the_rows_join_with_the_next_turns_of_the_version(
    output: Path, vellum: StandIn
) -> None:
    manifest = await evaluation_of(await evaluated(output))
    turns = pq.read_table(output / "shop" / VERSION / "next_turns.parquet").to_pylist()
    found = rows(output, manifest)
    joined = ("next_turn_id", "conversation_id", "seed_id", "sample", "turn_index")
    assert [[row[name] for name in (*joined, "reference_reply")] for row in found] == [
        [turn[name] for name in (*joined, "reference_reply")] for turn in turns
    ]
    assert len({row["execution_id"] for row in found}) == len(found)
    assert all(row["attempts"] == 1 and row["latency_ms"] >= 0 for row in found)
    assert [row["user_message"] for row in found] == [
        turn["chat_history"][-1]["text"] for turn in turns
    ]


def test_the_data_dictionary_describes_every_column_of_evaluation_parquet() -> None:
    text = DICTIONARY.read_text(encoding="utf-8")
    assert columns_table(evaluation_schema([SAME, SIMILARITY])) in text


def test_the_data_dictionary_names_every_field_of_evaluation_json() -> None:
    _, _, section = DICTIONARY.read_text(encoding="utf-8").partition("## evaluation.json\n")
    section, _, _ = section.partition("\n## ")
    first_cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = [name for cell in first_cells for name in cell.replace("`", "").split(",")]
    assert [name.strip() for name in named] == list(EvaluationManifest.model_fields)


# Where the version is, and where the evaluation goes


@pytest.mark.parametrize("how", ["latest", VERSION, "folder", "dataset", "inside"])
async def test_a_version_is_found_however_it_is_named(
    output: Path, vellum: StandIn, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = output / "shop"
    named = {"folder": str(dataset / VERSION), "dataset": str(dataset), "inside": "."}
    if how == "inside":
        monkeypatch.chdir(dataset / VERSION)
    state = await evaluated(output, version=named.get(how, how))
    manifest = await evaluation_of(state)
    assert manifest.version.version == VERSION
    assert manifest.version.path == str(dataset / VERSION)
    assert sorted(path.name for path in folder(output, manifest).iterdir()) == FILES
    assert sorted(path.name for path in (dataset / VERSION).iterdir() if path.is_dir()) == []


async def test_an_evaluation_may_go_elsewhere(
    output: Path, vellum: StandIn, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "a" / "b"
    manifest = await evaluation_of(
        await evaluated(output, advanced={**QUICK, "evaluations": str(elsewhere)})
    )
    visible = [path.name for path in elsewhere.iterdir() if not path.name.startswith(".")]
    assert visible == [manifest.evaluation]
    read(UPath(elsewhere / manifest.evaluation))
    assert not (output / "shop" / "evaluations").exists()


async def test_a_version_on_s3_is_evaluated_there(vellum: StandIn, s3_output: str) -> None:
    write_one(s3_output)
    url = f"{s3_output}/shop/{VERSION}"
    for version in ("latest", VERSION, url):
        manifest = await evaluation_of(await evaluated(s3_output, version=version))
        assert manifest.version.path == url
        read(UPath(s3_output) / "shop" / "evaluations" / manifest.evaluation)


async def test_an_evaluation_may_go_to_s3(output: Path, vellum: StandIn, s3_output: str) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status:503"}
    place = f"{s3_output}/evaluations"
    manifest = await evaluation_of(
        await evaluated(output, advanced={**QUICK, "evaluations": place})
    )
    read(UPath(place) / manifest.evaluation)
    vellum.deployments["support-bot"].when_history_contains = {}
    resumed = {**QUICK, "evaluations": place, "resume": manifest.evaluation}
    again = await evaluation_of(await evaluated(output, advanced=resumed))
    assert read(UPath(place) / manifest.evaluation) == again
    assert not again.failed_gates


async def test_the_evaluations_next_to_the_versions_are_no_version(
    output: Path, vellum: StandIn
) -> None:
    first = await evaluation_of(await evaluated(output))
    second = await evaluation_of(await evaluated(output))
    assert second.version == first.version
    assert second.evaluation != first.evaluation


async def test_an_older_version_without_next_turns_is_evaluated_as_well(
    output: Path, vellum: StandIn
) -> None:
    older = output / "shop" / VERSION
    write_version_as_before_usage(older)
    for name in ("next_turns.parquet", "next_turns.jsonl"):
        (older / name).unlink()
    manifest = await evaluation_of(await evaluated(output))
    assert manifest.prefixes == len(vellum.requests) == 12


async def test_a_seed_without_the_column_that_the_chatbot_takes_stops_the_run(
    tmp_path: Path, vellum: StandIn
) -> None:
    write_one(tmp_path, conversations=10)
    takes = {"chat_history": "CHAT_HISTORY", "tier": "STRING"}
    vellum.deployments["gold-bot"] = StandInDeployment(inputs=takes)
    inputs = ParticipantInputs(seed_inputs={"tier": "plan"}).model_dump()
    state = await evaluated(
        tmp_path, candidate="gold-bot", advanced={**QUICK, "candidate_inputs": inputs}
    )
    assert state.is_failed()
    assert "has no column 'plan', which gold-bot takes as its input 'tier'" in str(state.message)
    assert vellum.requests == []


async def test_retention_removes_an_evaluations_checkpoints_however_its_version_was_named(
    seeds_csv: Path, vellum: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run's event names the version's folder in full, and the run itself its output."""
    monkeypatch.chdir(seeds_csv.parent)
    nights = {"output": "datasets", "turns": 1, "advanced": {**NIGHT, "keep_versions": 1}}
    first = await manifest_of(await generated(seeds_csv, **nights))
    version = str(output_of(seeds_csv) / "seeds" / first.version)
    evaluation = await evaluation_of(await evaluated("datasets", version=version))
    checkpoints = output_of(seeds_csv) / "seeds" / "evaluations" / ".checkpoints"
    assert len(list((checkpoints / first.version / evaluation.evaluation).iterdir())) == 20
    await generated(seeds_csv, **nights)
    assert list(checkpoints.iterdir()) == []


# Whole or not at all


async def test_what_the_last_attempt_wrote_is_no_evaluation_while_it_is_written_again(
    output: Path, vellum: StandIn
) -> None:
    """A folder that cannot be written to leaves none, although there was one."""
    manifest = await evaluation_of(await evaluated(output))
    place = folder(output, manifest)
    (place / "report.html").unlink()
    (place / "report.html").mkdir()
    state = await evaluated(output, advanced={**QUICK, "resume": manifest.evaluation})
    assert state.is_failed()
    assert f"evaluation {manifest.evaluation}: cannot be written to" in str(state.message)
    assert not (place / EVALUATION_MANIFEST_FILE).exists()
    (place / "report.html").rmdir()
    vellum.requests.clear()
    again = await evaluation_of(
        await evaluated(output, advanced={**QUICK, "resume": manifest.evaluation})
    )
    assert read(UPath(place)).sides[Side.CANDIDATE] == again.sides[Side.CANDIDATE]
    assert vellum.requests == [], "no reply was lost"


@pytest.mark.processes
def test_a_writer_killed_at_any_file_operation_leaves_a_complete_evaluation_or_none(
    tmp_path: Path,
) -> None:
    """In processes of their own, each killed at the next operation on a file."""
    write_one(tmp_path, conversations=2)
    command = [sys.executable, "-m", "tests.processes.evaluation_cut_short", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    killed, whole = map(int, done.stdout.split())
    assert killed >= 10
    assert whole >= 1
    evaluations = [path for path in (tmp_path / "shop" / "evaluations").iterdir() if path.is_dir()]
    assert len(evaluations) == killed + 1
    with_manifest = [path for path in evaluations if (path / EVALUATION_MANIFEST_FILE).exists()]
    assert len(with_manifest) == whole < killed
    for place in with_manifest:
        read(UPath(place))
