"""Reading a Workflow Deployment's executions, and grouping them into conversations."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from upath import UPath
from vellum.client.types.slim_workflow_execution_read import SlimWorkflowExecutionRead

from duologue.errors import UsageError
from duologue.mining.executions import Execution, read_execution
from duologue.mining.grouping import group
from duologue.mining.paging import read_executions, reading_of
from duologue.settings.mining import MiningSettings
from duologue.traffic.candidates import RealConversation
from tests.mining.traffic import NOW, Said, Traffic, conversations
from tests.support.vellum_stand_in import StandIn, running_stand_in

SETTINGS = MiningSettings()


async def read(folder: Path, settings: MiningSettings = SETTINGS) -> list[Execution]:
    reading = reading_of("support-bot", settings, NOW)
    return await read_executions(reading, settings, UPath(folder))


def said_in(found: list[RealConversation]) -> list[list[Said]]:
    return [[(str(one.role), one.text) for one in each.messages] for each in found]


def planted(rng: Random, traffic: Traffic, said: list[list[Said]]) -> None:
    """Lets conversations happen in three shapes, many of them at the same time."""
    for owner, one in enumerate(said):
        start = NOW - timedelta(seconds=rng.randrange(3600, 6 * 86400))
        metadata = {"session_id": str(owner)} if owner % 2 else None
        if owner % 3 == 0:
            traffic.stateless(one, start, owner, context={"metadata": metadata})
        else:
            traffic.stateful(one, start, owner, linked=owner % 3 == 1, metadata=metadata)


@pytest.fixture
async def unchecked_vellum(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StandIn]:
    """Without the contract, whose check of 5,000 long executions takes most of a minute."""
    async with running_stand_in(keep_log=False) as stand_in:
        monkeypatch.setenv("VELLUM_API_URL", stand_in.url)
        monkeypatch.setenv("VELLUM_API_KEY", "sk-test")
        yield stand_in


async def test_5000_executions_in_both_shapes_are_grouped_without_a_mistake(
    unchecked_vellum: StandIn, tmp_path: Path
) -> None:
    rng = Random(5)
    traffic, later = Traffic(rng), Traffic(Random(6))
    said = conversations(rng, 800, 5000)
    planted(rng, traffic, said)
    for i in range(60):
        later.stateless([("USER", "Hi"), ("ASSISTANT", "later")], NOW + timedelta(seconds=i), -1)
    bot = unchecked_vellum.deployments["support-bot"]
    bot.traffic = traffic.listed()
    new = later.listed()
    bot.arriving = [new[i : i + 3] for i in range(0, 60, 3)]
    bot.page_failures = [429, 503]
    # Stopped after 20 pages: what is stored is all that is left.
    with pytest.raises(KeyboardInterrupt):
        await read_executions(
            reading_of("support-bot", SETTINGS, NOW),
            SETTINGS,
            UPath(tmp_path / "pages"),
            show=stop_after(2000),
        )
    bot.traffic = [*bot.traffic, *new[-20:]]
    executions = await read(tmp_path / "pages")
    assert len(executions) == 5000
    found = group(executions)
    assert sorted(said_in(found)) == sorted(said)
    # Where neither a link nor a session tells conversations with equal text apart, nothing can.
    owners = [{traffic.owners[id_] for id_ in one.source_ids} for one in found]
    assert all(len(one) == 1 for one in owners if any(i % 2 or i % 3 == 1 for i in one))
    assert not bot.page_failures
    assert not bot.arriving


def stop_after(count: int) -> Any:
    def show(progress: Any) -> None:
        if progress.executions >= count:
            raise KeyboardInterrupt

    return show


async def test_executions_that_vanish_meanwhile_hide_no_others(
    vellum: StandIn, tmp_path: Path
) -> None:
    traffic = Traffic()
    for i in range(450):
        traffic.stateless([("USER", f"m{i}")], NOW - timedelta(minutes=i + 1), i)
    bot = vellum.deployments["support-bot"]
    bot.traffic = traffic.listed()

    def remove(progress: Any) -> None:
        if progress.executions == 100:
            bot.traffic = bot.traffic[:-60]  # the 60 newest

    reading = reading_of("support-bot", SETTINGS, NOW)
    executions = await read_executions(reading, SETTINGS, UPath(tmp_path / "pages"), show=remove)
    assert len(executions) == 450


async def test_only_the_time_and_the_release_tag_that_were_asked_for_count(
    vellum: StandIn, tmp_path: Path
) -> None:
    traffic = Traffic()
    for days in range(1, 20):
        tag = "staging" if days % 2 else "production"
        at = NOW - timedelta(days=days)
        traffic.stateless([("USER", str(days))], at, context={"release_tag_name": tag})
    vellum.deployments["support-bot"].traffic = traffic.listed()
    settings = MiningSettings(since="9d", release_tag="staging")
    found = group(await read(tmp_path / "pages", settings))
    assert said_in(found) == [[("USER", str(days))] for days in (9, 7, 5, 3, 1)]


@pytest.mark.parametrize(("status", "says"), [(403, "may list"), (404, "no such")])
async def test_a_refused_list_is_one_sentence(
    vellum: StandIn, tmp_path: Path, status: int, says: str
) -> None:
    vellum.deployments["support-bot"].page_failures = [status]
    with pytest.raises(UsageError, match=says):
        await read(tmp_path / "pages")


# Grouping, without a server.


def of(traffic: Traffic) -> list[RealConversation]:
    return group(
        read_execution(SlimWorkflowExecutionRead.model_validate(one), SETTINGS)
        for one in traffic.executions
    )


HELLO: list[Said] = [("USER", "Hi"), ("ASSISTANT", "Hello, how can I help?")]


def test_conversations_that_begin_alike_stay_apart() -> None:
    traffic = Traffic()
    one = [*HELLO, ("USER", "My parcel is late"), ("ASSISTANT", "Sorry to hear that")]
    other = [*HELLO, ("USER", "I want a refund"), ("ASSISTANT", "Of course")]
    short = list(HELLO)
    for owner, said in enumerate((one, other, short)):
        traffic.stateless(said, NOW + timedelta(seconds=owner), owner)
    assert sorted(said_in(of(traffic))) == sorted([one, other, short])


def test_a_repeated_turn_and_an_edit_belong_to_their_conversation() -> None:
    traffic = Traffic()
    said = [*HELLO, ("USER", "My parcel"), ("ASSISTANT", "What about it?"), ("USER", "It is late")]
    traffic.stateless(said, NOW)
    edited = [*said[:-1], ("USER", "It is lost"), ("ASSISTANT", "I will send another one")]
    traffic.stateless(edited, NOW + timedelta(hours=1))
    del traffic.executions[3:5]  # the edit is one execution, not a whole conversation again
    (found,) = of(traffic)
    assert said_in([found]) == [edited]
    assert len(found.source_ids) == 4


def test_a_failed_execution_and_its_repetition_are_one_turn() -> None:
    traffic = Traffic()
    error = {"message": "no", "code": "NODE_EXECUTION"}
    traffic.stateless([("USER", "Hi")], NOW, error=error)
    traffic.stateless(HELLO, NOW + timedelta(minutes=1))
    (found,) = of(traffic)
    assert said_in([found]) == [HELLO]
    assert found.is_bad


def test_a_reply_that_came_back_in_other_words_continues() -> None:
    traffic = Traffic()
    traffic.stateless([("USER", "Hi"), ("ASSISTANT", "**Hello!** How can I help you today?")], NOW)
    said = [("USER", "Hi"), ("ASSISTANT", "Hello! How can I help you today?"), ("USER", "Refund")]
    traffic.stateless(said, NOW + timedelta(minutes=1))
    del traffic.executions[1]
    (found,) = of(traffic)
    assert said_in([found]) == [said]


def test_an_execution_that_is_missing_does_not_part_a_conversation() -> None:
    traffic = Traffic()
    said = [*HELLO, ("USER", "b"), ("ASSISTANT", "c"), ("USER", "d"), ("ASSISTANT", "e")]
    said += [("USER", "f"), ("ASSISTANT", "g")]
    traffic.stateless(said, NOW)
    del traffic.executions[2]
    assert said_in(of(traffic)) == [said]


def test_a_linked_conversation_is_whole_even_if_one_execution_is_missing() -> None:
    traffic = Traffic()
    said = [*HELLO, ("USER", "b"), ("ASSISTANT", "c"), ("USER", "d"), ("ASSISTANT", "e")]
    traffic.stateful(said, NOW)
    del traffic.executions[1]
    assert said_in(of(traffic)) == [[*said[:2], *said[4:]]]


def test_what_duologue_sent_is_not_real() -> None:
    traffic = Traffic()
    traffic.stateless(HELLO, NOW, context={"metadata": {"synthetic": True}})
    assert of(traffic) == []


def test_metrics_and_actuals_mark_conversations_as_bad() -> None:
    traffic = Traffic()
    score = {"id": "1", "name": "score", "type": "NUMBER", "value": 0.2}
    traffic.stateless(
        [("USER", "a")], NOW, metric_results=[{"outputs": [score], "label": "L", "metric_id": "m"}]
    )
    actual = {"output": score, "timestamp": "2026-11-30T12:00:00Z", "quality": 0.0}
    traffic.stateless([("USER", "b")], NOW, latest_actual=actual)
    traffic.stateless([("USER", "c")], NOW, latest_actual={**actual, "quality": 1.0})
    marked = {one.messages[0].text: one.is_bad for one in of(traffic)}
    assert marked == {"a": True, "b": True, "c": False}
