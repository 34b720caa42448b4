"""Drafts are stored reply by reply, so that a crash repeats only the call in flight."""

from pathlib import Path

import pytest
from upath import UPath

from duologue.conversation.messages import Message, Role
from duologue.conversation.usage import Usage
from duologue.participants.protocol import Reply
from duologue.seeds import Seed
from duologue.settings.run import SimulationSettings
from duologue.simulation import Draft, Participants, simulate
from duologue.versions.checkpoints import Checkpoints
from duologue.versions.drafts import WORTH_STORING_MS, GrowingDraft, read_draft
from tests.support.scripted import ScriptedParticipant

SEED = Seed(seed_id="s1", message="Where is it?")
KEY = "20261130T232243845Z-4abcef07/one.draft"
SLOW = WORTH_STORING_MS


@pytest.fixture(params=["disk", "s3"])
def parent(request: pytest.FixtureRequest, tmp_path: Path) -> UPath:
    """A disk, where parts are appended, and an object store, where the whole is replaced."""
    if request.param == "disk":
        return UPath(tmp_path)
    return UPath(f"{request.getfixturevalue('s3_output')}/shop")


def opened(parent: UPath) -> Checkpoints:
    return Checkpoints(parent, pytest.fail)


def say(draft: Draft, text: str, latency_ms: int = SLOW) -> None:
    role = Role.USER if draft.messages[-1].role is Role.ASSISTANT else Role.ASSISTANT
    draft.messages.append(Message(role=role, text=text, latency_ms=latency_ms))


async def stored(parent: UPath) -> Draft:
    return await read_draft(KEY, SEED, opened(parent))


async def test_a_draft_is_read_as_it_was_after_its_last_reply(parent: UPath) -> None:
    draft = Draft.of(SEED)
    growing = GrowingDraft(draft, KEY, opened(parent))
    for number in range(4):
        say(draft, f"Line {number},\nand more.")
        draft.usage = Usage(input_tokens=number)
        draft.states[Role.ASSISTANT] = f"state {number}"
        await growing.store()
        assert await stored(parent) == draft


async def test_a_draft_is_resumed_and_grows_further(parent: UPath) -> None:
    first = Draft.of(SEED)
    say(first, "One.")
    await GrowingDraft(first, KEY, opened(parent)).store()
    second = await stored(parent)
    growing = GrowingDraft(second, KEY, opened(parent))
    say(second, "Two.")
    await growing.store()
    say(second, "Three.")
    await growing.store()
    assert [m.text for m in (await stored(parent)).messages] == [
        SEED.message,
        "One.",
        "Two.",
        "Three.",
    ]


async def test_a_conversation_that_starts_again_keeps_nothing_of_the_first(parent: UPath) -> None:
    draft = Draft.of(SEED)
    growing = GrowingDraft(draft, KEY, opened(parent))
    for text in ("One.", "Two.", "Three."):
        say(draft, text)
        await growing.store()
    draft.restart()
    say(draft, "Another.")
    await growing.store()
    assert await stored(parent) == draft
    assert draft.discarded == 1


async def test_a_part_that_was_cut_short_costs_only_itself(tmp_path: Path) -> None:
    """As a kill in the middle of a write leaves it, for each length."""
    draft = Draft.of(SEED)
    growing = GrowingDraft(draft, KEY, opened(UPath(tmp_path)))
    say(draft, "One.")
    await growing.store()
    file = tmp_path / ".checkpoints" / f"{KEY}.json"
    before = file.read_bytes()
    say(draft, "Two.")
    await growing.store()
    after = file.read_bytes()
    for length in range(len(before), len(after)):
        file.write_bytes(after[:length])
        assert len((await stored(UPath(tmp_path))).messages) == 2, length
    resumed = await stored(UPath(tmp_path))
    say(resumed, "Second.")
    await GrowingDraft(resumed, KEY, opened(UPath(tmp_path))).store()
    assert [m.text for m in (await stored(UPath(tmp_path))).messages] == [
        SEED.message,
        "One.",
        "Second.",
    ]


async def test_two_processes_that_write_one_draft_mix_no_messages(tmp_path: Path) -> None:
    """A shard that was given up may still run."""
    drafts = {name: Draft.of(SEED) for name in "ab"}
    growing = {name: GrowingDraft(d, KEY, opened(UPath(tmp_path))) for name, d in drafts.items()}
    for name in "abbaabba":
        say(drafts[name], f"{name}{len(drafts[name].messages)}")
        await growing[name].store()
        assert await stored(UPath(tmp_path)) == drafts[name]


async def test_no_call_is_made_before_the_reply_before_it_is_stored(parent: UPath) -> None:
    """And what took milliseconds is not stored, nor the last reply, after which all of it is."""
    checkpoints, draft = opened(parent), Draft.of(SEED)
    growing = GrowingDraft(draft, KEY, checkpoints)
    counts: list[int] = []

    class Slow(ScriptedParticipant):
        async def reply(self, *asked: object) -> Reply:
            counts.append(len((await stored(parent)).messages))
            said = await super().reply(*asked)  # type: ignore[arg-type]
            return Reply(said.text, latency_ms=SLOW)

    async def store() -> None:
        if growing.is_worth_storing:
            await growing.store()

    bot, user = Slow(["A.", "B.", "C."]), ScriptedParticipant(["And?", "So?", "Then?"])
    conversation = await simulate(
        draft, SEED, 1, Participants(bot, user), SimulationSettings(turns=3), store
    )
    assert counts == [1, 2, 4], "the user's replies take no time, and are stored with the next"
    assert len(conversation.messages) == 7
    assert len((await stored(parent)).messages) == 6
