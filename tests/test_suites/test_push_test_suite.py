"""`duologue push-test-suite`, through the real SDK, over HTTP, against the stand-in for Vellum."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result
from upath import UPath

from duologue.cli import app
from duologue.conversation.messages import Message, Role
from duologue.dataset.contents import DatasetContents
from duologue.errors import FatalError, TransientError
from duologue.participants.vellum_deployment import vellum_client
from duologue.settings.participants import (
    CallSettings,
    ParticipantInputs,
    ParticipantSettings,
    PinnedRelease,
)
from duologue.settings.test_suites import CasePer
from duologue.test_suites.cases import SuiteCase, cases_of
from duologue.test_suites.vellum_suite import PushResult, SuiteVariables, VellumSuite
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.conftest import API_KEY
from tests.dataset.making import VERSION, checked, contents
from tests.support.vellum_stand_in import StandIn
from tests.support.vellum_test_suites import StandInSuite

SUITE = "my-test-suite"
SAID = "Where is my very secret parcel?"
QUICK = CallSettings(max_attempts=3, first_wait_seconds=0.001, longest_wait_seconds=0.002)
NEWER = "20261125T053516000Z-1a2b3c4d"


def case(number: int, text: str = SAID, reply: str | None = "Here.") -> SuiteCase:
    history = (Message(role=Role.USER, text=text),)
    return SuiteCase(f"duologue:shop:s{number}-1", f"s{number}-1", history, reply)


def cases(count: int) -> list[SuiteCase]:
    return [case(number) for number in range(count)]


@pytest.fixture
def suite(vellum: StandIn) -> StandInSuite:
    return vellum.test_suites[SUITE]


async def push(
    wanted: list[SuiteCase],
    name: str = SUITE,
    reference: str | None = None,
    call: CallSettings = QUICK,
    **how: bool,
) -> PushResult:
    variables = SuiteVariables(reference_reply=reference)
    async with vellum_client(max_concurrency=1) as client:
        return await VellumSuite(client, name, variables, call).push(wanted, "shop", **how)


def written(folder: Path, version: str, made: DatasetContents) -> UPath:
    write_version(DatasetFolder(str(folder), "shop"), version, made)
    return UPath(folder) / "shop" / version / "conversations.parquet"


async def duologue(folder: Path, *arguments: str, version: str = VERSION) -> Result:
    # In a thread: the stand-in answers in this one.
    command = ["push-test-suite", version, *arguments, "--output", str(folder)]
    return await asyncio.to_thread(CliRunner().invoke, app, command)


# Which cases there are


@pytest.fixture
def conversations(tmp_path: Path) -> UPath:
    made = contents(
        checked("Open?", "Until 6.", "On Sunday?", "No.", seed_id="s1"),
        checked("Refunds?", "Yes.", "How?", seed_id="s2"),
    )
    return written(tmp_path, VERSION, made)


def test_a_conversation_is_one_case_up_to_its_last_user_message(conversations: UPath) -> None:
    first, second = cases_of(conversations, "shop")
    assert (first.external_id, first.label) == ("duologue:shop:s1-1", "s1-1")
    assert [one.text for one in first.chat_history] == ["Open?", "Until 6.", "On Sunday?"]
    assert first.reference_reply == "No."
    assert [one.text for one in second.chat_history] == ["Refunds?", "Yes.", "How?"]
    assert second.reference_reply is None


def test_each_user_message_is_one_case(conversations: UPath) -> None:
    found = list(cases_of(conversations, "shop", CasePer.PREFIX))
    assert [(one.external_id, one.chat_history[-1].text, one.reference_reply) for one in found] == [
        ("duologue:shop:s1-1:1", "Open?", "Until 6."),
        ("duologue:shop:s1-1:2", "On Sunday?", "No."),
        ("duologue:shop:s2-1:1", "Refunds?", "Yes."),
        ("duologue:shop:s2-1:2", "How?", None),
    ]


# What is sent


async def test_cases_are_created_as_vellums_api_expects_them(suite: StandInSuite) -> None:
    result = await push([case(1), case(2, reply=None)], reference="reply")
    assert result == PushResult(created=("duologue:shop:s1-1", "duologue:shop:s2-1"))
    ((first, second),) = suite.bulks
    history = [{"role": "USER", "text": SAID}]
    assert UUID(first.pop("id")) != UUID(second["id"])
    assert first == {
        "type": "UPSERT",
        "data": {
            "external_id": "duologue:shop:s1-1",
            "label": "s1-1",
            "input_values": [{"type": "CHAT_HISTORY", "name": "chat_history", "value": history}],
            "evaluation_values": [{"type": "STRING", "name": "reply", "value": "Here."}],
        },
    }
    assert second["data"]["evaluation_values"] == []


async def test_without_a_name_for_it_no_reference_is_sent(suite: StandInSuite) -> None:
    await push([case(1)])
    assert suite.bulks[0][0]["data"]["evaluation_values"] == []


async def test_what_is_there_already_is_not_sent_again(suite: StandInSuite) -> None:
    await push(cases(3), reference="reply")
    result = await push(cases(3), reference="reply")
    assert len(result.unchanged) == 3
    assert not result.created + result.replaced
    assert len(suite.bulks) == 1


@pytest.mark.parametrize(
    "changed", [case(1, text="Other?"), case(1, reply="Gone."), case(1, reply=None)]
)
async def test_what_changed_is_replaced(suite: StandInSuite, changed: SuiteCase) -> None:
    await push(cases(3), reference="reply")
    result = await push([case(0), changed, case(2)], reference="reply")
    assert result.replaced == ("duologue:shop:s1-1",)
    assert len(result.unchanged) == 2
    assert [one["data"]["external_id"] for one in suite.bulks[1]] == ["duologue:shop:s1-1"]
    assert len(suite.cases) == 3


async def test_many_cases_are_read_and_sent_in_portions(suite: StandInSuite) -> None:
    await push(cases(250))
    assert [len(bulk) for bulk in suite.bulks] == [100, 100, 50]
    suite.pages.clear()
    result = await push(cases(251))
    assert suite.pages == [(100, 0), (100, 100), (100, 200)]
    assert (len(result.unchanged), len(result.created)) == (250, 1)


async def test_only_what_is_gone_from_this_dataset_is_removed_and_only_if_asked(
    suite: StandInSuite,
) -> None:
    foreign = ["duologue:shop2:s1-1", "duologue:sho", "by hand", None]
    for external_id in foreign:
        suite.add(external_id)
    await push(cases(3))
    assert not (await push(cases(1))).removed
    assert len(suite.cases) == 7
    result = await push(cases(1), remove_gone=True)
    assert result.removed == ("duologue:shop:s1-1", "duologue:shop:s2-1")
    assert suite.external_ids() == [*foreign, "duologue:shop:s0-1"]


async def test_a_dry_run_sends_nothing_and_shows_what_would_be_done(suite: StandInSuite) -> None:
    await push(cases(3))
    before = json.dumps(suite.cases)
    wanted = [case(0), case(1, text="Other?"), case(7)]
    result = await push(wanted, remove_gone=True, dry_run=True)
    assert (json.dumps(suite.cases), len(suite.bulks)) == (before, 1)
    done = await push(wanted, remove_gone=True)
    assert done == result.model_copy(update={"dry_run": False})
    assert all((done.created, done.replaced, done.unchanged, done.removed))


async def test_a_name_is_one_part_of_the_url(vellum: StandIn) -> None:
    vellum.test_suites["a/b ? c"] = StandInSuite()
    assert (await push(cases(1), name="a/b ? c")).created


# What goes wrong


@pytest.mark.parametrize("fault", ["drop", "garbage"])
async def test_what_has_no_readable_answer_is_sent_again(suite: StandInSuite, fault: str) -> None:
    suite.faults = [fault]
    result = await push(cases(3))
    sent = [[one["data"]["external_id"][-4:] for one in bulk] for bulk in suite.bulks]
    assert sent == [["s0-1", "s1-1", "s2-1"], ["s2-1"]]
    # The same operation has the same id.
    assert suite.bulks[0][-1]["id"] == suite.bulks[1][0]["id"]
    # The first, whose answer was lost, had created it.
    assert result.replaced == ("duologue:shop:s2-1",)
    assert len(suite.cases) == 3


async def test_rejections_that_name_no_operation_are_reported_at_once_with_their_reason(
    suite: StandInSuite,
) -> None:
    suite.rejects = {"duologue:shop:s1-1": "Input variables must exactly match."}
    suite.rejects_without_id = True
    result = await push(cases(3))
    assert len(suite.bulks) == 1
    assert result.created == ("duologue:shop:s0-1", "duologue:shop:s2-1")
    assert result.rejected == (("duologue:shop:s1-1", "Input variables must exactly match."),)


async def test_cases_have_exactly_the_chatbots_inputs_in_their_types(
    suite: StandInSuite, tmp_path: Path
) -> None:
    inputs = ParticipantInputs(
        static_inputs={"tone": "curt", "limits": {"a": 1}},
        seed_inputs={"budget": "max", "session": "conversation_id"},
    )
    pin = PinnedRelease(release_id="r", release_tag="LATEST", input_types={"budget": "NUMBER"})
    chatbot = ParticipantSettings.parsed("shop", inputs).model_copy(update={"pinned": pin})
    made = contents(checked("Open?", "Until 6.", "And?", seed_id="s1", context={"max": "12.5"}))
    path = written(tmp_path, VERSION, made)
    suite.variables = {
        "chat_history": "CHAT_HISTORY",
        "tone": "STRING",
        "limits": "JSON",
        "budget": "NUMBER",
        "session": "STRING",
    }
    wanted = list(cases_of(path, "shop", chatbot=chatbot))
    assert (await push(wanted)).rejected == ()
    values = {one["name"]: one["value"] for one in suite.bulks[0][0]["data"]["input_values"]}
    assert (values["budget"], values["limits"], values["session"]) == (12.5, {"a": 1}, "s1-1")
    assert (await push(wanted)).unchanged == ("duologue:shop:s1-1",)


async def test_when_no_rejection_names_its_operation_each_case_is_reported(
    suite: StandInSuite,
) -> None:
    suite.reject_all, suite.rejects_without_id = "No.", True
    result = await push(cases(3))
    assert len(suite.bulks) == 1
    assert result.rejected == tuple((f"duologue:shop:s{n}-1", "No.") for n in range(3))


async def test_a_connection_lost_midway_is_resumed(suite: StandInSuite) -> None:
    suite.faults = ["cut"]
    await push(cases(3))
    assert len(suite.bulks) == 2
    assert len(suite.cases) == 3


async def test_a_removal_whose_answer_was_lost_is_a_removal(suite: StandInSuite) -> None:
    await push(cases(2))
    suite.faults = ["drop"]
    result = await push(cases(1), remove_gone=True)
    assert result.removed == ("duologue:shop:s1-1",)
    assert result.rejected == ()


async def test_what_never_has_an_answer_is_reported_and_so_is_what_to_do(
    suite: StandInSuite,
) -> None:
    suite.faults = ["drop"] * 3
    with pytest.raises(TransientError) as raised:
        await push([case(0)])
    assert "did not say what became of 1 of 1 test cases (gave up after 3" in str(raised.value)
    assert "push again, and only the rest is sent" in str(raised.value)


async def test_a_server_error_is_waited_out(suite: StandInSuite) -> None:
    suite.faults = ["status:500", "status:429"]
    assert len((await push(cases(2))).created) == 2
    assert len(suite.bulks) == 3


async def test_a_push_that_failed_midway_is_resumed_by_the_next(suite: StandInSuite) -> None:
    suite.faults = ["fine", *["status:503"] * 3]
    with pytest.raises(TransientError, match="503"):
        await push(cases(150))
    assert len(suite.cases) == 100
    suite.bulks.clear()
    result = await push(cases(150))
    assert (len(result.unchanged), len(result.created)) == (100, 50)
    assert [len(bulk) for bulk in suite.bulks] == [50]


async def test_a_request_that_hangs_is_cut_and_sent_again(suite: StandInSuite) -> None:
    suite.faults = ["hang"]
    result = await push(cases(2), call=QUICK.model_copy(update={"timeout_seconds": 0.3}))
    assert len(result.created) == 2
    assert len(suite.bulks) == 2


async def test_a_request_has_a_deadline_over_all_its_attempts(suite: StandInSuite) -> None:
    suite.faults = ["status:503", "hang"]
    call = QUICK.model_copy(update={"max_attempts": 9, "deadline_seconds": 0.5})
    with pytest.raises(TransientError) as raised:
        await push(cases(2), call=call)
    said = str(raised.value)
    assert said.startswith("Test Suite 'my-test-suite': Vellum did not reply within 0.")
    assert "(gave up after 2 attempts in 0." in said
    assert said.endswith("What was pushed before stays; push again, and only the rest is sent")


@pytest.mark.parametrize("status", [400, 403, 500])
async def test_no_error_holds_the_key_or_a_message(suite: StandInSuite, status: int) -> None:
    suite.faults = [f"status:{status}"] * 3
    with pytest.raises((FatalError, TransientError)) as raised:
        await push([case(1)])
    said = str(raised.value)
    assert "Test Suite 'my-test-suite'" in said
    assert said.count("[hidden]") == 2
    assert API_KEY not in said
    assert SAID not in said
    assert "Workflow" not in said


async def test_a_refused_request_is_not_sent_again(suite: StandInSuite) -> None:
    suite.faults = ["status:400"]
    with pytest.raises(FatalError, match="names and types of the Test Suite's variables"):
        await push([case(1)])
    assert len(suite.bulks) == 1


# The command


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    one, two = (checked(SAID, "Here.", "Where?", seed_id=seed) for seed in ("s1", "s2"))
    written(tmp_path, VERSION, contents(one, two))
    written(tmp_path, NEWER, contents(two, checked(SAID, "Lost.", seed_id="s3")))
    return tmp_path


async def test_a_newer_version_takes_the_place_of_an_older(
    dataset: Path, suite: StandInSuite
) -> None:
    first = await duologue(dataset, SUITE)
    assert first.exit_code == 0, first.output
    assert "2 created\n0 replaced\n0 unchanged\n" in first.output
    again = await duologue(dataset, SUITE, "--remove-gone", "--format", "json", version=NEWER)
    told: dict[str, Any] = json.loads(again.stdout)
    assert told == {
        "created": ["duologue:shop:s3-1"],
        "replaced": [],
        "unchanged": ["duologue:shop:s2-1"],
        "removed": ["duologue:shop:s1-1"],
        "rejected": [],
        "dry_run": False,
    }
    assert API_KEY not in first.output + again.output


async def test_the_options_are_heeded(dataset: Path, suite: StandInSuite) -> None:
    names = ("--input-name", "history", "--evaluation-name", "reference")
    dry = await duologue(dataset, SUITE, "--per", "prefix", *names, "--dry-run")
    assert "4 created" in dry.output
    assert "dry run: nothing was changed" in dry.output
    assert suite.cases == {}
    done = await duologue(dataset, SUITE, "--per", "prefix", *names)
    assert done.exit_code == 0, done.output
    data = suite.bulks[0][0]["data"]
    assert data["external_id"] == "duologue:shop:s1-1:1"
    assert data["input_values"][0]["name"] == "history"
    assert data["evaluation_values"][0] == {
        "type": "STRING",
        "name": "reference",
        "value": "Here.",
    }


async def test_rejected_cases_are_reported_with_exit_code_1(
    dataset: Path, suite: StandInSuite
) -> None:
    suite.rejects = {"duologue:shop:s1-1": f"no variable for {SAID}"}
    done = await duologue(dataset, SUITE)
    assert done.exit_code == 1
    assert "1 created" in done.output
    assert "rejected duologue:shop:s1-1: no variable for [hidden]\n" in done.output


async def test_no_such_test_suite(dataset: Path, vellum: StandIn) -> None:
    done = await duologue(dataset, "nowhere")
    assert done.exit_code == 2
    said = " ".join(done.output.split())
    assert "Test Suite 'nowhere': " in said
    assert "There is no such Test Suite" in said
    assert "create it in Vellum, with an input variable 'chat_history' of type CHAT_HISTORY" in said
    assert API_KEY not in said


async def test_a_version_without_conversations_does_not_empty_the_test_suite(
    tmp_path: Path, suite: StandInSuite
) -> None:
    written(tmp_path, VERSION, contents())
    suite.add("duologue:shop:s1-1")
    done = await duologue(tmp_path, SUITE, "--remove-gone")
    assert done.exit_code == 2
    assert "holds no conversation to push" in done.output
    assert len(suite.cases) == 1
