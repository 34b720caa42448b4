"""Publication by the flow: gates, events, retention, and many nights in a row."""

import json
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from prefect.assets import Asset
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
)
from prefect.client.schemas.objects import State

from duologue.errors import ExportError
from duologue.tasks.artifacts import summary
from duologue.tasks.publish import asset_key
from duologue.versions.history import past_versions, pin_version, roll_back
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, many
from tests.support.generating import (
    ANYTHING_PASSES,
    QUICK,
    events_of,
    folder,
    generated,
    latest,
    manifest_of,
    output_of,
    retried,
)
from tests.support.small_disk import small_disk
from tests.support.vellum_stand_in import StandIn

pytestmark = pytest.mark.usefixtures("prefect_server")

EVENTS = ("duologue.dataset.published", "duologue.dataset.held-back")


async def summary_of(state: State[Any]) -> str:
    """The newest summary that a run left in the UI."""
    async with get_client() as client:
        artifacts = await client.read_artifacts(
            artifact_filter=ArtifactFilter(
                flow_run_id=ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id]),
                key=ArtifactFilterKey(any_=["summary-seeds"]),
            )
        )
    newest = max(artifacts, key=lambda artifact: str(artifact.created))
    return str(newest.data)


async def test_a_version_that_fails_a_gate_is_kept_and_latest_stays_on_the_last_good_one(
    seeds_csv: Path, vellum: StandIn
) -> None:
    good = await manifest_of(await generated(seeds_csv))
    vellum.deployments["support-bot"].when_history_contains = {
        "number 3?": "status:400",
        "number 7?": "status:400",
    }
    state = await generated(seeds_csv)
    held_back = await manifest_of(state)
    reason = "2 of 10 conversations failed (20.0%); max_failed_share allows 10.0%"
    assert held_back.held_back == (reason,)
    assert state.is_failed()
    assert str(state.message).endswith(f", which is held back: {reason}")
    assert latest(seeds_csv)["version"] == good.version
    whole = folder(seeds_csv, held_back)
    assert json.loads((whole / "manifest.json").read_text())["held_back"] == [reason]
    assert pq.read_metadata(whole / "conversations.parquet").num_rows == 8
    assert reason in (whole / "README.md").read_text()
    assert f"**Held back**; `latest` is {good.version}." in await summary_of(state)


async def test_too_few_conversations_hold_a_version_back_although_all_are_valid(
    seeds_csv: Path, vellum: StandIn
) -> None:
    state = await generated(seeds_csv, advanced={**QUICK, "gates": {"min_conversations": 11}})
    assert state.is_failed()
    assert "min_conversations requires 11" in str(state.message)
    assert not (output_of(seeds_csv) / "seeds" / "latest.json").exists()


async def test_publishing_emits_an_event_with_all_that_a_pipeline_needs(
    seeds_csv: Path, vellum: StandIn
) -> None:
    state = await generated(seeds_csv)
    manifest = await manifest_of(state)
    (event,) = await events_of(state, *EVENTS)
    assert event["event"] == "duologue.dataset.published"
    assert event["resource"]["prefect.resource.id"] == "duologue.dataset.seeds"
    assert event["payload"] == {
        "dataset": "seeds",
        "version": manifest.version,
        "revision": 1,
        "path": str(folder(seeds_csv, manifest)),
        "files": [file.name for file in manifest.files],
        "counts": manifest.counts.model_dump(),
        "held_back": [],
        "is_latest": True,
    }


async def test_a_published_dataset_is_an_asset_made_from_its_seeds(
    seeds_csv: Path, vellum: StandIn
) -> None:
    state = await generated(seeds_csv)
    manifest = await manifest_of(state)
    (made,) = await events_of(state, "prefect.asset.materialization.succeeded")
    assert made["resource"]["prefect.resource.id"] == f"file://{output_of(seeds_csv)}/seeds"
    assert made["resource"]["prefect.resource.name"] == "seeds"
    assert made["payload"]["version"] == manifest.version
    assert made["payload"]["counts"] == manifest.counts.model_dump()
    related = {
        (one["prefect.resource.role"], one["prefect.resource.id"]) for one in made["related"]
    }
    assert ("asset", f"file://{seeds_csv}") in related
    (read,) = await events_of(state, "prefect.asset.referenced")
    assert read["resource"]["prefect.resource.id"] == f"file://{seeds_csv}"


@pytest.mark.parametrize(
    ("location", "key"),
    [
        ("/data/shop", "file:///data/shop"),
        ("/data/50% of é & 'more'/shop", "file:///data/50__of_é____more_/shop"),
        ("s3://bucket/a b/shop", "s3://bucket/a_b/shop"),
        ("https://me:secret@host/seeds.csv?key=secret", "https://host/seeds.csv"),
        ("simplecache::s3://bucket/seeds.csv", None),
        ("/" + "long/" * 200, None),
    ],
)
def test_every_location_has_a_key_that_prefect_accepts(location: str, key: str | None) -> None:
    made = asset_key(location)
    assert Asset(key=made).key == made
    if key is None:
        assert re.fullmatch("duologue://[0-9a-f]{64}", made)
        assert made != asset_key(f"{location}2")
    else:
        assert made == key


async def test_holding_back_emits_an_event_with_the_reasons(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].always = "status:503"
    state = await generated(seeds_csv)
    materialized = "prefect.asset.materialization.succeeded"
    (event,) = await events_of(state, *EVENTS, materialized)
    assert event["event"] == "duologue.dataset.held-back"
    assert event["payload"]["is_latest"] is False
    assert event["payload"]["held_back"] == [
        "10 of 10 conversations failed (100.0%); max_failed_share allows 10.0%",
        "0 conversations are valid; min_conversations requires 1",
    ]


async def test_the_summary_says_what_differs_from_the_version_before(
    seeds_csv: Path, vellum: StandIn
) -> None:
    seeds_csv.write_text("message,seed_id\nOne?,a\nTwo?,b\nThree?,c\n")
    first = await manifest_of(await generated(seeds_csv))
    seeds_csv.write_text("message,seed_id\nOne?,a\nTwo?,b\nFour?,d\n")
    vellum.deployments["support-bot"].when_history_contains = {"Two?": "status:400"}
    advanced = {**QUICK, "gates": ANYTHING_PASSES}
    state = await generated(seeds_csv, turns=2, advanced=advanced)
    summary = await summary_of(state)
    assert f"### What differs from {first.version}, revision 1" in summary
    for line in (
        "| valid | 2 | 3 |",
        "| failed | 1 | 0 |",
        "- setting the seed file's contents",
        "- setting simulation.turns: 3 → 2",
        "- setting gates.max_failed_share",
        "- 1 newly failing: `b-1`",
        "- 1 added: `d-1`",
        "- 1 removed: `c-1`",
    ):
        assert line in summary.splitlines()
    vellum.deployments["support-bot"].when_history_contains = {}
    again = await retried(state)
    assert again.is_completed()
    assert "- 1 newly good: `b-1`" in (await summary_of(again)).splitlines()


async def test_a_damaged_version_before_keeps_no_summary_from_being_written(
    seeds_csv: Path, vellum: StandIn
) -> None:
    first = await manifest_of(await generated(seeds_csv))
    (folder(seeds_csv, first) / "failures.jsonl").write_text("{not json\n")
    state = await generated(seeds_csv)
    assert state.is_completed()
    assert "| valid | 10 |" in await summary_of(state)


async def test_outdated_versions_go_with_their_checkpoints(
    seeds_csv: Path, vellum: StandIn
) -> None:
    advanced = {**QUICK, "keep_versions": 2}
    checkpoints = output_of(seeds_csv) / "seeds" / ".checkpoints"
    versions = [(await manifest_of(await generated(seeds_csv))).version for _ in range(3)]
    pin_version(DatasetFolder(str(output_of(seeds_csv)), "seeds"), versions[0], "the first")
    of_a_run_that_was_killed = checkpoints / "20200101T000000000Z-00000000"
    of_a_run_that_was_killed.mkdir()
    assert {path.name for path in checkpoints.iterdir()} >= set(versions)
    versions.append((await manifest_of(await generated(seeds_csv, advanced=advanced))).version)
    stay = {versions[0], *versions[-2:]}
    found = past_versions(DatasetFolder(str(output_of(seeds_csv)), "seeds"))
    assert {item.manifest.version for item in found} == stay
    assert {path.name for path in checkpoints.iterdir()} == stay


async def test_an_old_version_that_is_completed_stays_although_newer_ones_are_enough(
    seeds_csv: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"number 3?": "status:400"}
    old = await generated(seeds_csv, advanced={**QUICK, "keep_versions": 1})
    vellum.deployments["support-bot"].when_history_contains = {}
    newer = await manifest_of(await generated(seeds_csv))
    made_whole = await manifest_of(await retried(old))
    assert made_whole.counts.failed == 0
    found = past_versions(DatasetFolder(str(output_of(seeds_csv)), "seeds"))
    assert [item.manifest.version for item in found] == [newer.version, made_whole.version]


async def test_checkpoints_of_another_dataset_stay(seeds_csv: Path, vellum: StandIn) -> None:
    await generated(seeds_csv, name="other")
    for _ in range(2):
        await generated(seeds_csv, advanced={**QUICK, "keep_versions": 1})
    assert len(list((output_of(seeds_csv) / "other" / ".checkpoints").iterdir())) == 1
    assert len(list((output_of(seeds_csv) / "seeds" / ".checkpoints").iterdir())) == 1


async def test_storage_that_refuses_to_be_tidied_is_no_reason_to_fail(
    seeds_csv: Path, vellum: StandIn
) -> None:
    pins = output_of(seeds_csv) / "seeds" / "pins"
    pins.mkdir(parents=True)
    (pins / "20200101T000000000Z-00000000.json").write_text("not a pin")
    state = await generated(seeds_csv, advanced={**QUICK, "keep_versions": 1})
    assert state.is_completed()
    assert latest(seeds_csv)["version"] == (await manifest_of(state)).version


@pytest.fixture
def tiny_disk(seeds_csv: Path) -> Iterator[Path]:
    """A disk in the place of the datasets that has room for the checkpoints, but not for more."""
    with small_disk(output_of(seeds_csv), size_kb=112) as disk:
        yield disk


async def test_a_full_disk_loses_no_conversation_and_a_retry_requests_nothing_again(
    seeds_csv: Path, vellum: StandIn, tiny_disk: Path
) -> None:
    state = await generated(seeds_csv)
    assert state.is_failed()
    with pytest.raises(ExportError, match=r"no space is left there\. No conversation is lost"):
        await state.aresult()
    assert [path.name for path in (tiny_disk / "seeds").iterdir()] == [".checkpoints"]
    vellum.requests.clear()
    subprocess.run(["mount", "-o", "remount,size=10m", str(tiny_disk)], check=True)
    again = await retried(state)
    assert again.is_completed()
    assert (await manifest_of(again)).counts.valid == 10
    assert latest(seeds_csv)["version"] == (await manifest_of(again)).version
    assert vellum.requests == []


@pytest.mark.processes
async def test_twelve_nights_in_a_row(seeds_csv: Path, vellum: StandIn) -> None:
    """Seeds fail; a person pins, rolls back and retries; storage stays bounded."""
    chance = random.Random(20261124)
    dataset, keep = DatasetFolder(str(output_of(seeds_csv)), "seeds"), 3
    advanced = {**QUICK, "keep_versions": keep}
    bot = vellum.deployments["support-bot"]
    pinned: set[str] = set()
    for night, failures in enumerate((0, 1, 3, 10, 0, 1, 3, 0, 1, 10, 0, 3)):
        broken = chance.sample(range(1, 11), failures)
        bot.when_history_contains = {f"number {n}?": "status:503" for n in broken}
        state = await generated(seeds_csv, turns=1, advanced=advanced)
        manifest = await manifest_of(state)
        assert manifest.counts.failed == len(broken)
        assert bool(manifest.held_back) == (len(broken) > 1)
        if night == 4:
            pin_version(dataset, manifest.version)
            pinned.add(manifest.version)
        if night == 7:
            roll_back(dataset)
        if len(broken) == 3:
            bot.when_history_contains = {}
            manifest = await manifest_of(await retried(state))
            assert manifest.counts.failed == 0
            assert not manifest.held_back
        check_every_version(seeds_csv, at_most=keep + 1 + len(pinned))
        newest_good = next((v for v in past_versions(dataset) if not v.manifest.held_back), None)
        if newest_good is not None and night != 7:
            assert newest_good.is_latest
    kept = {path.name for path in (output_of(seeds_csv) / "seeds" / ".checkpoints").iterdir()}
    assert pinned <= {item.manifest.version for item in past_versions(dataset)}
    assert kept == {item.manifest.version for item in past_versions(dataset)}


def check_every_version(seeds: Path, at_most: int) -> None:
    """Each is whole and accounts for every seed; latest leads to one that passed its gates."""
    past = past_versions(DatasetFolder(str(output_of(seeds)), "seeds"))
    assert len(past) <= at_most
    for version in past:
        counts = version.manifest.counts
        assert counts.conversations == counts.valid + counts.invalid + counts.failed == 10
        rows = pq.read_metadata(str(version.version.folder / "conversations.parquet")).num_rows
        assert rows == counts.valid
    if (output_of(seeds) / "seeds" / "latest.json").exists():
        (named,) = [version for version in past if version.is_latest]
        assert not named.manifest.held_back
        assert (output_of(seeds) / "seeds" / latest(seeds)["path"] / "manifest.json").exists()


def test_the_summary_shows_what_stands_out_without_its_words(tmp_path: Path) -> None:
    made = many(20, text="We are sorry, try again later. ")
    manifest = write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, made).manifest
    told = summary(manifest, made, "out", None)
    assert "### What stands out" in told
    assert "- warning `canned_reply`: one reply of 8 words is given in 20 of 20" in told
    assert "`s4-1` and 15 more)" in told
    assert "sorry" not in told


@pytest.mark.parametrize(
    ("folder", "shown"),
    [
        ("/data/a b/v1", "`file:///data/a%20b/v1/report.html`"),
        ("s3://bucket/v1", "`s3://bucket/v1/report.html`"),
        ("https://host/v1", "[report.html](https://host/v1/report.html)"),
    ],
)
def test_the_summary_leads_to_the_report_where_a_browser_follows(
    tmp_path: Path, folder: str, shown: str
) -> None:
    made = many(1)
    manifest = write_version(DatasetFolder(str(tmp_path), "shop"), VERSION, made).manifest
    assert f"Read the conversations: {shown}" in summary(manifest, made, folder, None)
