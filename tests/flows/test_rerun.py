"""Making a version whole from its own files, by the flow that reruns its failed seeds."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect.client.schemas.objects import State

from duologue.dataset.manifest import Manifest
from duologue.errors import UsageError
from duologue.flows.rerun_failed_seeds import rerun_failed_seeds
from tests.support.generating import (
    ANYTHING_PASSES,
    QUICK,
    folder,
    generated,
    latest,
    manifest_of,
    output_of,
    rerun,
    retried,
)
from tests.support.vellum_stand_in import ChatHistory, StandIn, user_reply

pytestmark = pytest.mark.usefixtures("prefect_server")

LENIENT: dict[str, Any] = {**QUICK, "gates": ANYTHING_PASSES}


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """Six seeds, with ids and a column of context, and a row that cannot be read."""
    path = tmp_path / "seeds.csv"
    rows = "".join(f"Where is order {n}?,s{n},{n}0\n" for n in range(1, 7))
    path.write_text(f'message,seed_id,price\n{rows}"",s7,70\n')
    return path


async def broken_version(seeds: Path, vellum: StandIn) -> Manifest:
    """A version in which s2 and s3 failed at their second call and s5 is invalid."""
    user = vellum.deployments["simulated-user"]
    user.when_history_contains = {"order 2?": "status:503", "order 3?": "status:400"}

    def echo(seed_id: str, chat_history: ChatHistory) -> str:
        of_s5 = "order 5?" in str(chat_history[0]["text"])
        return str(chat_history[-1]["text"]) if of_s5 else user_reply(seed_id, chat_history)

    user.reply = echo
    manifest = await manifest_of(await generated(seeds, turns=2, advanced=LENIENT))
    assert (manifest.counts.failed, manifest.counts.invalid) == (2, 1)
    user.when_history_contains, user.reply = {}, user_reply
    vellum.requests.clear()
    return manifest


def asked(vellum: StandIn) -> dict[str, int]:
    """How many calls were made for each conversation."""
    opening = Counter(str(request.chat_history[0]["text"]) for request in vellum.requests)
    return {text.removeprefix("Where is order ").rstrip("?"): n for text, n in opening.items()}


def conversations(seeds: Path, manifest: Manifest) -> pd.DataFrame:
    return pd.read_parquet(folder(seeds, manifest) / "conversations.parquet")


async def test_only_what_is_missing_is_simulated_and_the_version_is_complete(
    seeds: Path, vellum: StandIn
) -> None:
    before = await broken_version(seeds, vellum)
    state = await rerun(seeds)
    after = await manifest_of(state)
    assert state.is_completed()
    assert (after.version, after.revision, after.counts.valid) == (before.version, 2, 6)
    assert (latest(seeds)["version"], latest(seeds)["revision"]) == (before.version, 2)
    # Two turns are four calls. s2 and s3 had one each, and s5 restarts.
    assert asked(vellum) == {"2": 3, "3": 3, "5": 4}
    assert list(conversations(seeds, after)["seed_id"]) == [f"s{n}" for n in range(1, 7)]


async def test_it_works_on_another_machine_from_the_versions_own_files(
    seeds: Path, vellum: StandIn, tmp_path: Path
) -> None:
    """Neither the checkpoints are there nor the seed file; only the version's folder is."""
    before = await broken_version(seeds, vellum)
    other = tmp_path / "other-machine"
    shutil.move(output_of(seeds), other)
    seeds.unlink()
    shutil.rmtree(other / "seeds" / ".checkpoints")
    state = await rerun_failed_seeds(version=before.version, output=str(other), return_state=True)
    after = await manifest_of(state)
    assert state.is_completed()
    assert asked(vellum) == {"2": 3, "3": 3, "5": 4}
    old = pd.read_parquet(other / "seeds" / before.version / "conversations.parquet")
    new = pd.read_parquet(other / "seeds" / f"{before.version}-r2" / "conversations.parquet")
    unchanged = new[new["seed_id"].isin(old["seed_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(unchanged, old)
    assert list(new["context"])[1] == '{"price": "20"}'
    assert after.seed_file == before.seed_file
    assert (after.counts.rows_read, after.counts.rejected) == (7, 1)


async def test_chosen_seeds_are_simulated_and_the_other_failures_stay_as_they_are(
    seeds: Path, vellum: StandIn
) -> None:
    before = await broken_version(seeds, vellum)
    state = await rerun(seeds, version=before.version, seed_ids=["s3"])
    after = await manifest_of(state)
    assert asked(vellum) == {"3": 3}
    assert (after.counts.valid, after.counts.failed, after.counts.invalid) == (4, 1, 1)
    failures = [
        pd.read_csv(folder(seeds, manifest) / "failures.csv").set_index("id")
        for manifest in (before, after)
    ]
    pd.testing.assert_frame_equal(failures[0].drop(index="s3-1"), failures[1])
    vellum.requests.clear()
    assert (await rerun(seeds, version=before.version)).is_completed()
    assert asked(vellum) == {"2": 3, "5": 4}


async def test_a_seed_that_did_not_fail_is_reported_and_nothing_is_asked(
    seeds: Path, vellum: StandIn
) -> None:
    before = await broken_version(seeds, vellum)
    state = await rerun(seeds, seed_ids=["s2", "s1"])
    with pytest.raises(UsageError, match="seed 's1': is not among the 3 failed or invalid"):
        await state.aresult()
    assert vellum.requests == []
    assert not (output_of(seeds) / "seeds" / f"{before.version}-r2").exists()


async def test_a_complete_version_has_nothing_to_repair(seeds: Path, vellum: StandIn) -> None:
    manifest = await manifest_of(await generated(seeds))
    vellum.requests.clear()
    state = await rerun(seeds)
    assert state.is_completed()
    assert await manifest_of(state) == manifest
    assert vellum.requests == []


async def test_a_rerun_of_an_old_version_leaves_latest_alone(seeds: Path, vellum: StandIn) -> None:
    old = await broken_version(seeds, vellum)
    new = await manifest_of(await generated(seeds))
    assert (await rerun(seeds, version=old.version)).is_completed()
    assert latest(seeds)["version"] == new.version
    assert (output_of(seeds) / "seeds" / f"{old.version}-r2" / "manifest.json").exists()


async def test_a_version_that_was_held_back_is_published_once_it_is_complete(
    seeds: Path, vellum: StandIn
) -> None:
    vellum.deployments["support-bot"].when_history_contains = {"order 1?": "status:503"}
    held_back = await manifest_of(await generated(seeds))
    assert held_back.held_back
    vellum.deployments["support-bot"].when_history_contains = {}
    assert (await rerun(seeds, version=held_back.version)).is_completed()
    assert (latest(seeds)["version"], latest(seeds)["revision"]) == (held_back.version, 2)


async def test_what_fails_again_continues_from_there_the_next_time(
    seeds: Path, vellum: StandIn
) -> None:
    before = await broken_version(seeds, vellum)
    bot = vellum.deployments["support-bot"]
    bot.when_history_contains = {"And what about": "status:503"}
    state = await rerun(seeds, seed_ids=["s2"])
    assert state.is_failed()
    assert asked(vellum) == {"2": 2}  # the simulated user answers, the chatbot fails
    bot.when_history_contains = {}
    vellum.requests.clear()
    assert (await rerun(seeds, version=before.version, seed_ids=["s2"])).is_failed()  # s3, s5
    assert asked(vellum) == {"2": 2}


async def test_a_scenario_survives_a_rerun(tmp_path: Path, vellum: StandIn) -> None:
    said = [{"role": "USER", "text": "Hello."}, {"role": "ASSISTANT", "text": "What is it?"}]
    scenario = {
        "persona": "In a hurry",
        "goal": "A refund",
        "facts": '{"order": "KC-4711"}',
        "opening": json.dumps(said),
    }
    seeds = tmp_path / "seeds.csv"
    frame = pd.DataFrame([{"message": "Where is order 2?", "seed_id": "s2", **scenario}])
    frame.to_csv(seeds, index=False)
    user = vellum.deployments["simulated-user"]
    user.inputs |= dict.fromkeys(("persona", "goal", "facts"), "STRING?")
    user.when_history_contains = {"order 2?": "status:503"}
    before = await manifest_of(await generated(seeds, turns=1, advanced=LENIENT))
    user.when_history_contains = {}
    seeds.unlink()
    vellum.requests.clear()
    after = await manifest_of(await rerun(seeds, version=before.version))
    assert after.counts.valid == 1
    [row] = conversations(seeds, after).to_dict("records")
    columns = ("persona", "goal", "facts")
    assert [row[name] for name in columns] == [scenario[name] for name in columns]
    assert row["opening_messages"] == len(said)
    opening = [message["text"] for message in row["messages"]][:3]
    assert opening == ["Hello.", "What is it?", "Where is order 2?"]
    [request] = vellum.requests
    sent = {one["name"]: one["value"] for one in request.inputs if one["type"] == "STRING"}
    assert sent == {name: scenario[name] for name in columns}
    assert len(request.chat_history) == 4


async def test_a_retry_of_a_rerun_continues_with_its_version_also_when_latest_is_another(
    seeds: Path, vellum: StandIn
) -> None:
    before = await broken_version(seeds, vellum)
    vellum.deployments["support-bot"].when_history_contains = {"order 2?": "status:503"}
    first = await rerun(seeds)
    assert first.is_failed()
    vellum.deployments["support-bot"].when_history_contains = {}
    newer = await manifest_of(await generated(seeds))
    assert latest(seeds)["version"] == newer.version
    vellum.requests.clear()
    second = await retried(first, rerun_failed_seeds)
    after = await manifest_of(second)
    assert (after.version, after.revision, after.counts.valid) == (before.version, 3, 6)
    assert set(asked(vellum)) == {"2"}
    assert latest(seeds)["version"] == newer.version


async def test_a_retry_of_the_night_finds_what_a_rerun_made(seeds: Path, vellum: StandIn) -> None:
    user = vellum.deployments["simulated-user"]
    user.when_history_contains = {"order 2?": "status:503"}
    night = await generated(seeds, turns=2, advanced=LENIENT)
    user.when_history_contains = {}
    assert (await rerun(seeds)).is_completed()
    vellum.requests.clear()
    again: State[Any] = await retried(night)
    assert again.is_completed()
    assert vellum.requests == []
