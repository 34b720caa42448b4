"""From traffic to seeds: what is chosen, what is written, and what bad input leads to."""

import csv
import json
import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from duologue.conversation.messages import Message, Role
from duologue.errors import UsageError
from duologue.mining.choosing import choose, covered
from duologue.mining.mine import Mined, mine
from duologue.seeds import read_seeds
from duologue.settings.mining import MiningSettings
from duologue.traffic.candidates import Candidate, RealConversation, candidates_of
from duologue.traffic.coverage import coverage
from duologue.validation.transcripts import read_transcripts
from tests.mining.traffic import Traffic, history, string
from tests.support.vellum_stand_in import StandIn

TOPICS = [
    "refund",
    "parcel",
    "password",
    "invoice",
    "opening hours",
    "gift card",
    "warranty",
    "allergy",
    "newsletter",
    "coupon",
    "damaged lamp",
    "wrong size",
    "pickup point",
    "credit card",
    "loyalty points",
    "employee discount",
    "bank transfer",
    "customs duty",
    "missing screws",
    "assembly manual",
    "spare battery",
    "kitchen scale",
    "garden hose",
    "baby seat",
    "winter tyres",
    "phone contract",
    "router reset",
    "slow internet",
    "roaming abroad",
    "sim swap",
    "dentist visit",
    "blood test",
    "vaccination record",
    "health insurance",
    "eye exam",
    "hotel breakfast",
    "late checkout",
    "airport shuttle",
    "lost luggage",
    "window seat",
    "vegan menu",
    "birthday table",
    "dog friendly room",
    "parking garage",
    "bicycle rental",
    "museum tickets",
    "opera programme",
    "library fine",
    "school holidays",
    "piano lessons",
    "tax return",
    "pension payout",
    "mortgage rate",
    "car accident",
    "flood damage",
    "stolen wallet",
    "visa extension",
    "passport photo",
    "work permit",
    "driving licence",
]
FORMS = "{}", "question about {}", "hello, {}?", "{} please", "I have a problem with {}", "{} help"


def conversation(text: str, id_: str = "c", is_bad: bool = False) -> RealConversation:
    return RealConversation(id_, (Message(role=Role.USER, text=text),), (id_,), is_bad)


def skewed(rng: Random, count: int) -> tuple[list[RealConversation], dict[str, str]]:
    """Traffic in which a few topics are most of it, and the topic of each conversation."""
    weights = [1 / (i + 1) for i in range(len(TOPICS))]
    topics = [*TOPICS, *rng.choices(TOPICS, weights, k=count - len(TOPICS))]
    owners = {f"c{i}": topic for i, topic in enumerate(topics)}
    made = [conversation(rng.choice(FORMS).format(t), f"c{i}") for i, t in enumerate(topics)]
    return made, owners


def test_100_seeds_cover_the_clusters_and_the_topics_that_random_ones_miss() -> None:
    made, owners = skewed(Random(3), 800)
    candidates = candidates_of(made)
    chosen = choose(candidates, MiningSettings(count=100))
    result = covered(candidates, chosen)
    topics = {owners[one.id] for each in chosen for one in each.conversations}
    at_random = Random(1).sample(made, 100)
    assert len(chosen) == 100
    assert result.covered >= 0.9 * result.clusters
    assert result.covered > result.random_clusters
    assert len(topics) >= 0.9 * len(TOPICS) > len({owners[one.id] for one in at_random})


def candidate(message: str, cluster: int, weight: int, bad: int = 0) -> Candidate:
    made = tuple(conversation(message, f"{message}{i}", i < bad) for i in range(weight))
    return Candidate(message, cluster, made)


POOL = [candidate("a", 0, 6), candidate("b", 0, 2), candidate("c", 1, 3), candidate("d", 2, 1, 1)]


def messages(chosen: list[Candidate]) -> list[str]:
    return [one.message for one in chosen]


def test_each_cluster_comes_once_before_a_large_one_comes_again() -> None:
    assert messages(choose(POOL, MiningSettings(count=2))) == ["a", "c"]
    assert messages(choose(POOL, MiningSettings(count=4))) == ["a", "c", "d", "b"]


def test_failing_conversations_come_first() -> None:
    assert messages(choose(POOL, MiningSettings(count=2, failing_first=True))) == ["d", "a"]


def test_a_weighted_sample_follows_the_weights() -> None:
    drawn = Counter[str]()
    for number in range(2000):
        settings = MiningSettings.model_validate(
            {"count": 1, "sample": "weighted", "random_seed": number}
        )
        drawn.update(messages(choose(POOL, settings)))
    for one in POOL:
        share = one.weight / 12
        assert drawn[one.message] / 2000 == pytest.approx(
            share, abs=4 * math.sqrt(share * (1 - share) / 2000)
        )


def test_what_random_seeds_would_cover_is_right_by_hand() -> None:
    """Two of 12 at random: 1 - C(12 - w, 2) / C(12, 2) for weights 8, 3 and 1."""
    expected = (1 - 6 / 66) + (1 - 36 / 66) + (1 - 55 / 66)
    result = covered(POOL, POOL[:2])
    assert result.random_clusters == pytest.approx(expected)
    assert (result.clusters, result.covered, result.traffic_share) == (3, 1, 8 / 12)


def test_openings_that_are_nearly_the_same_are_one_seed_with_their_number() -> None:
    made = ["Where is my parcel?", "where is my parcel", "Where is my parcel??", "I lost my card"]
    found = candidates_of([conversation(text, str(i)) for i, text in enumerate(made)])
    assert [(one.message, one.weight) for one in found] == [
        ("Where is my parcel?", 3),
        ("I lost my card", 1),
    ]


def test_coverage_names_the_largest_matters_that_are_missing() -> None:
    real = [conversation(text, text) for text in ["refund please"] * 3 + ["opening hours"] * 2]
    found = coverage([*real, conversation("password reset", "p")], ["a refund please"])
    assert (found.covered, len(found.clusters), found.share) == (1, 3, 0.5)
    assert messages(list(found.missing)) == ["opening hours", "password reset"]


# Everything together, from a deployment and from a file.


async def mined(folder: Path, source: str = "support-bot", **settings: Any) -> Mined:
    output = str(folder / "seeds.csv")
    return await mine(source, output, MiningSettings.model_validate(settings))


def recent(traffic: Traffic, text: str, reply: str = "Sure.", **more: Any) -> None:
    at = datetime.now(UTC) - timedelta(hours=1, seconds=len(traffic.executions))
    traffic.stateless([("USER", text), ("ASSISTANT", reply)], at, **more)


async def test_seeds_and_conversations_are_written_and_can_be_read(
    vellum: StandIn, tmp_path: Path
) -> None:
    traffic = Traffic()
    recent(traffic, "My name is Anna Schmidt, where is my parcel?", "Hi Anna, on its way.")
    recent(traffic, "I want a refund", error={"message": "no", "code": "NODE_EXECUTION"})
    recent(traffic, "synthetic", context={"metadata": {"synthetic": True}})
    vellum.deployments["support-bot"].traffic = traffic.listed()
    result = await mined(tmp_path / "new")
    assert (result.executions, result.synthetic, result.conversations) == (3, 1, 2)
    assert result.replaced == {"name": 1}
    rows = list(csv.DictReader((tmp_path / "new/seeds.csv").open(encoding="utf-8")))
    assert {row["failing"] for row in rows} == {"0", "1"}
    ids = {id_ for row in rows for id_ in json.loads(row["source_ids"])}
    assert ids <= traffic.owners.keys()
    seeds = read_seeds(str(tmp_path / "new/seeds.csv"))
    assert len(seeds.seeds) == 2
    assert not seeds.rejected
    assert set(seeds.seeds[0].context) == {"cluster", "weight", "failing", "source_ids"}
    real = list(read_transcripts(str(tmp_path / "new/real_conversations.jsonl")))
    assert {one.id for one in real} == ids
    assert "Anna" not in (tmp_path / "new/real_conversations.jsonl").read_text()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "real_conversations.jsonl",
        "seeds.csv",
    ]


async def test_a_transcript_file_is_a_source(tmp_path: Path) -> None:
    file = tmp_path / "chats.jsonl"
    said = [{"role": "assistant", "content": "Hi!"}, {"role": "user", "content": "Refund, please"}]
    file.write_text(json.dumps({"id": "x", "messages": said}) + "\n")
    result = await mined(tmp_path / "out", str(file))
    assert (result.conversations, result.seeds) == (1, 1)
    assert read_seeds(str(tmp_path / "out/seeds.csv")).seeds[0].message == "Refund, please"


async def test_files_that_are_there_stay(tmp_path: Path) -> None:
    (tmp_path / "real_conversations.jsonl").write_text("mine")
    with pytest.raises(UsageError, match=r"is there already; .*--overwrite"):
        await mined(tmp_path, "chats.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["real_conversations.jsonl"]


@pytest.mark.parametrize(
    ("traffic", "says"),
    [
        ("none", "has no executions in the last 7d; set --since"),
        ("synthetic", "all 1 executions .* are Duologue's own"),
        ("no history", "none of its 1 executions has an input .* history_input"),
    ],
)
async def test_a_deployment_without_real_users_is_one_sentence(
    vellum: StandIn, tmp_path: Path, traffic: str, says: str
) -> None:
    made = Traffic()
    if traffic == "synthetic":
        recent(made, "Hi", context={"metadata": {"synthetic": True}})
    elif traffic == "no history":
        number = {"id": "1", "name": "n", "type": "NUMBER", "value": 1}
        made.execution(datetime.now(UTC), [number], [string("final-output", None)])
    vellum.deployments["support-bot"].traffic = made.listed()
    with pytest.raises(UsageError, match=says):
        await mined(tmp_path)
    assert not (tmp_path / "seeds.csv").exists()


async def test_a_key_that_may_not_list_executions_is_one_sentence(
    vellum: StandIn, tmp_path: Path
) -> None:
    vellum.deployments["support-bot"].unreadable = 403
    with pytest.raises(UsageError, match="may list this Workflow Deployment's executions"):
        await mined(tmp_path)


async def test_an_output_that_cannot_be_written_is_refused_before_anything_is_read(
    vellum: StandIn, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be"):
        await mined(tmp_path / "file")
    with pytest.raises(UsageError, match=r"expected the path of a \.csv file"):
        await mine("support-bot", str(tmp_path / "seeds.txt"), MiningSettings())
    assert vellum.requests == []


async def test_the_inputs_can_be_named(vellum: StandIn, tmp_path: Path) -> None:
    made = Traffic()
    said = [history("dialogue", [("USER", "right")]), history("other", [("USER", "wrong")])]
    made.execution(datetime.now(UTC) - timedelta(hours=1), said, [])
    vellum.deployments["support-bot"].traffic = made.listed()
    await mined(tmp_path, history_input="dialogue")
    assert read_seeds(str(tmp_path / "seeds.csv")).seeds[0].message == "right"
