import json
from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.conversation.end_marker import split_end_marker
from duologue.conversation.messages import Conversation, EndReason, EndsWith, Message, Role
from duologue.errors import TransientError
from duologue.participants.protocol import Participant
from duologue.seeds import Seed
from duologue.settings.participants import ParticipantSettings
from duologue.settings.run import SimulationSettings
from duologue.simulation import (
    Draft,
    Participants,
    conversation_key,
    simulate,
    swap_roles,
)
from tests.support.scripted import ScriptedParticipant

SEED = Seed(seed_id="seed-1", message="What is your refund policy?")
BOT_LINES = ["Thirty days, unopened.", "Yes, with the receipt.", "At any of our shops.", "Sure."]
USER_LINES = ["Even for sale items?", "Where do I bring it?", "And by post?", "OK then."]


def texts(messages: Iterable[Message]) -> list[str]:
    return [message.text for message in messages]


def pair(bot: list[str] = BOT_LINES, user: list[str] = USER_LINES) -> Participants:
    return Participants(ScriptedParticipant(bot), ScriptedParticipant(user))


def scripted(participant: Participant) -> ScriptedParticipant:
    assert isinstance(participant, ScriptedParticipant)
    return participant


async def simulated(participants: Participants, **settings: object) -> Conversation:
    return await simulate(
        Draft.of(SEED), SEED, 1, participants, SimulationSettings.model_validate(settings)
    )


@pytest.mark.parametrize("turns", [1, 2, 3, 4])
async def test_n_turns_are_the_seed_message_and_two_messages_each(turns: int) -> None:
    participants = pair()
    conversation = await simulated(participants, turns=turns)
    expected = [SEED.message]
    for bot, user in zip(BOT_LINES[:turns], USER_LINES[:turns], strict=True):
        expected += [bot, user]
    assert texts(conversation.messages) == expected
    assert [m.role for m in conversation.messages] == [
        Role.USER,
        *[Role.ASSISTANT, Role.USER] * turns,
    ]
    assert conversation.turn_count == turns
    assert conversation.end_reason is EndReason.MAX_TURNS
    assert conversation.conversation_id == "seed-1-1"
    assert (
        scripted(participants.chatbot).calls == scripted(participants.simulated_user).calls == turns
    )


async def test_each_reply_is_requested_with_its_place_in_the_conversation() -> None:
    bot, user = ScriptedParticipant(BOT_LINES), ScriptedParticipant(USER_LINES)
    draft = Draft.of(SEED)
    draft.start_attempt()
    await simulate(
        draft,
        SEED,
        2,
        Participants(bot, user, dataset="shop", version="20261130T200000Z-1a2b3c4d"),
        SimulationSettings(turns=2),
    )
    assert [(c.side, c.turn) for c in bot.contexts] == [("chatbot", 1), ("chatbot", 2)]
    assert [(c.side, c.turn) for c in user.contexts] == [
        ("simulated_user", 1),
        ("simulated_user", 2),
    ]
    for context in [*bot.contexts, *user.contexts]:
        assert (context.dataset, context.version) == ("shop", "20261130T200000Z-1a2b3c4d")
        assert (context.seed, context.sample, context.attempt) == (SEED, 2, 1)
        assert context.conversation_id == "seed-1-2"


async def test_each_side_continues_from_its_own_last_reply_also_in_another_attempt() -> None:
    bot, user = ScriptedParticipant(BOT_LINES), ScriptedParticipant(USER_LINES, fail_at=2)
    participants, settings = Participants(bot, user), SimulationSettings(turns=3)
    draft = Draft.of(SEED)
    with pytest.raises(TransientError):
        await simulate(draft, SEED, 1, participants, settings)
    draft = Draft.model_validate_json(draft.model_dump_json())
    await simulate(draft, SEED, 1, participants, settings)
    first_of_bot, first_of_user = draft.messages[1].execution_id, draft.messages[2].execution_id
    assert [c.previous_execution_id for c in bot.contexts] == [
        None,
        first_of_bot,
        draft.messages[3].execution_id,
    ]
    assert [c.previous_execution_id for c in user.contexts] == [
        None,
        first_of_user,
        first_of_user,
        draft.messages[4].execution_id,
    ]


async def test_ending_with_the_assistant_does_not_pay_for_a_last_user_message() -> None:
    participants = pair()
    conversation = await simulated(participants, turns=3, ends_with="assistant")
    assert texts(conversation.messages) == [
        SEED.message,
        BOT_LINES[0],
        USER_LINES[0],
        BOT_LINES[1],
        USER_LINES[1],
        BOT_LINES[2],
    ]
    assert scripted(participants.simulated_user).calls == 2


async def test_what_is_known_of_a_call_goes_with_its_message() -> None:
    conversation = await simulated(pair(), turns=1)
    assert conversation.messages == (
        Message(role=Role.USER, text=SEED.message),
        Message(
            role=Role.ASSISTANT,
            text=BOT_LINES[0],
            execution_id="execution-1",
            latency_ms=7,
            attempts=1,
        ),
        Message(
            role=Role.USER, text=USER_LINES[0], execution_id="execution-1", latency_ms=7, attempts=1
        ),
    )


async def test_the_simulated_user_sees_the_roles_swapped_and_the_chatbot_does_not() -> None:
    participants = pair()
    await simulated(participants, turns=2)
    bot, user = scripted(participants.chatbot), scripted(participants.simulated_user)
    assert [(m.role, m.text) for m in bot.views[1]] == [
        (Role.USER, SEED.message),
        (Role.ASSISTANT, BOT_LINES[0]),
        (Role.USER, USER_LINES[0]),
    ]
    assert [(m.role, m.text) for m in user.views[1]] == [
        (Role.ASSISTANT, SEED.message),
        (Role.USER, BOT_LINES[0]),
        (Role.ASSISTANT, USER_LINES[0]),
        (Role.USER, BOT_LINES[1]),
    ]


async def test_the_users_own_reply_is_what_continues_the_conversation() -> None:
    """The published guide for this idea appends the chatbot's reply in its place."""
    conversation = await simulated(pair(), turns=3)
    assert texts(conversation.messages)[2::2] == USER_LINES[:3]


async def test_a_greeting_is_shown_to_the_simulated_user_alone() -> None:
    participants = pair()
    conversation = await simulated(participants, turns=1, greeting="Hi, how can I help?")
    bot, user = scripted(participants.chatbot), scripted(participants.simulated_user)
    assert user.views[0][0] == Message(role=Role.USER, text="Hi, how can I help?")
    assert "Hi, how can I help?" not in texts(bot.views[0]) + texts(conversation.messages)


@pytest.mark.parametrize(
    "last_word",
    ["Great, thanks.[END]", "Great, thanks. [END]", "[END] Great, thanks.", "Great, thanks.[end]"],
)
async def test_text_glued_to_the_end_marker_is_kept_and_the_marker_is_not(last_word: str) -> None:
    participants = pair(user=[USER_LINES[0], last_word])
    conversation = await simulated(participants, turns=4)
    assert texts(conversation.messages) == [
        SEED.message,
        BOT_LINES[0],
        USER_LINES[0],
        BOT_LINES[1],
        "Great, thanks.",
    ]
    assert conversation.end_reason is EndReason.USER_ENDED
    assert scripted(participants.chatbot).calls == 2


async def test_a_bare_end_marker_leaves_no_message() -> None:
    conversation = await simulated(pair(user=[USER_LINES[0], "[END]"]), turns=4)
    assert texts(conversation.messages) == [SEED.message, BOT_LINES[0], USER_LINES[0], BOT_LINES[1]]
    assert conversation.end_reason is EndReason.USER_ENDED


async def test_a_last_word_is_answered_where_conversations_end_with_the_assistant() -> None:
    participants = pair(user=["Great, thanks.[END]"])
    conversation = await simulated(participants, turns=3, ends_with="assistant")
    assert texts(conversation.messages) == [
        SEED.message,
        BOT_LINES[0],
        "Great, thanks.",
        BOT_LINES[1],
    ]
    assert conversation.end_reason is EndReason.USER_ENDED


async def test_another_end_marker_can_be_agreed_on() -> None:
    conversation = await simulated(pair(user=["Done ###STOP###"]), turns=3, end_marker="###STOP###")
    assert texts(conversation.messages)[-1] == "Done"


@pytest.mark.parametrize(
    ("ends_with", "kept"),
    [("user", ["Bye!"]), ("assistant", ["Bye!", "Goodbye, have a nice day!"])],
)
async def test_a_farewell_loop_is_ended_and_trimmed(ends_with: str, kept: list[str]) -> None:
    participants = pair(
        bot=[BOT_LINES[0], "Goodbye, have a nice day!", "Bye bye!", "Take care!"],
        user=["Bye!", "Goodbye!", "Bye!", "Bye!"],
    )
    conversation = await simulated(participants, turns=4, ends_with=ends_with)
    assert texts(conversation.messages) == [SEED.message, BOT_LINES[0], *kept]
    assert conversation.end_reason is EndReason.FAREWELL_LOOP
    assert scripted(participants.chatbot).calls == 2


async def test_thanks_with_a_question_is_no_farewell() -> None:
    participants = pair(bot=["You're welcome!", "Ten."], user=["Thanks! And on Sundays?", "Good."])
    conversation = await simulated(participants, turns=2)
    assert conversation.end_reason is EndReason.MAX_TURNS


async def test_a_seed_that_says_goodbye_keeps_its_first_reply() -> None:
    seed = Seed(seed_id="bye", message="Goodbye!")
    participants = pair(bot=["Bye, take care!"], user=["Bye!"])
    conversation = await simulate(
        Draft.of(seed), seed, 1, participants, SimulationSettings(turns=3)
    )
    assert texts(conversation.messages)[:2] == ["Goodbye!", "Bye, take care!"]


@pytest.mark.parametrize("failing_call", range(1, 7))
async def test_a_retry_continues_at_the_first_unanswered_message(failing_call: int) -> None:
    """Six calls make three turns; whichever fails, no reply is requested twice."""
    side, call = (failing_call - 1) % 2, (failing_call + 1) // 2
    bot = ScriptedParticipant(BOT_LINES, fail_at=call if side == 0 else None)
    user = ScriptedParticipant(USER_LINES, fail_at=call if side == 1 else None)
    participants, settings = Participants(bot, user), SimulationSettings(turns=3)
    draft = Draft.of(SEED)
    with pytest.raises(TransientError):
        await simulate(draft, SEED, 1, participants, settings)
    assert len(draft.messages) == failing_call
    draft = Draft.model_validate_json(draft.model_dump_json())
    conversation = await simulate(draft, SEED, 1, participants, settings)
    assert texts(conversation.messages) == texts((await simulated(pair(), turns=3)).messages)
    assert bot.calls + user.calls == 7


async def test_no_conversation_ends_before_it_started_although_the_clock_was_set_back() -> None:
    draft = Draft.of(SEED)
    draft.started_at += timedelta(hours=3)
    conversation = await simulate(draft, SEED, 1, pair(), SimulationSettings(turns=1))
    assert conversation.ended_at == conversation.started_at


async def test_a_retry_remembers_that_the_user_has_left() -> None:
    bot = ScriptedParticipant(BOT_LINES, fail_at=2)
    user = ScriptedParticipant(["Thanks.[END]", "never said"])
    participants = Participants(bot, user)
    settings = SimulationSettings(turns=3, ends_with=EndsWith.ASSISTANT)
    draft = Draft.of(SEED)
    with pytest.raises(TransientError):
        await simulate(draft, SEED, 1, participants, settings)
    conversation = await simulate(draft, SEED, 1, participants, settings)
    assert conversation.end_reason is EndReason.USER_ENDED
    assert user.calls == 1


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda text: text.strip() and "[end]" not in text.casefold()
)


@given(
    st.integers(1, 6),
    st.lists(words, min_size=6, max_size=6),
    st.lists(words, min_size=6, max_size=6),
    st.sampled_from(EndsWith),
    st.integers(1, 8),
    st.booleans(),
)
async def test_any_conversation_alternates_and_stays_within_its_turns(
    turns: int, bot: list[str], user: list[str], ends_with: EndsWith, leaves_at: int, glued: bool
) -> None:
    if leaves_at <= 6:
        user = [*user[: leaves_at - 1], user[leaves_at - 1] + "[END]" if glued else "[END]"]
    conversation = await simulated(pair(bot, user), turns=turns, ends_with=ends_with)
    roles = [message.role for message in conversation.messages]
    assert roles == [Role.USER, Role.ASSISTANT] * (len(roles) // 2) + [Role.USER] * (len(roles) % 2)
    assert conversation.messages[0].text == SEED.message
    assert 1 <= conversation.turn_count <= turns
    assert all(message.text and "[END]" not in message.text for message in conversation.messages)
    if conversation.end_reason is EndReason.MAX_TURNS:
        assert conversation.turn_count == turns
        assert roles[-1] is Role[ends_with.name]
    if ends_with is EndsWith.ASSISTANT:
        assert roles[-1] is Role.ASSISTANT


@given(st.lists(st.tuples(st.sampled_from(Role), words), min_size=1))
def test_swapping_the_roles_twice_gives_the_conversation_back(
    pairs: list[tuple[Role, str]],
) -> None:
    messages = [Message(role=role, text=text) for role, text in pairs]
    once = swap_roles(messages, None)
    assert all(a.role is not b.role for a, b in zip(messages, once, strict=True))
    assert swap_roles(once, None) == messages


@given(words, st.sampled_from(["[END]", "###STOP###", "<done>", "fin."]))
def test_a_text_without_the_marker_is_left_alone(text: str, marker: str) -> None:
    if marker.casefold() not in text.casefold():
        assert split_end_marker(text, marker) == (text, False)


@pytest.mark.parametrize(
    ("text", "marker", "left"),
    [
        ("I recommend it. END", "END", "I recommend it."),
        ("Done with it, and DONE", "DONE", "Done with it, and"),
        ("thanks[end]", "[END]", "thanks"),
        ("###STOP###", "###STOP###", ""),
    ],
)
def test_a_marker_made_of_words_is_no_part_of_other_words(
    text: str, marker: str, left: str
) -> None:
    assert split_end_marker(text, marker) == (left, True)
    assert split_end_marker("I recommend to be done.", marker) == ("I recommend to be done.", False)


def test_the_key_distinguishes_all_that_makes_a_conversation_what_it_is() -> None:
    bot, user = ParticipantSettings(reference="bot@v1"), ParticipantSettings(reference="user")
    settings = SimulationSettings()
    base = conversation_key(SEED, 1, bot, user, settings)
    others = [
        conversation_key(SEED.model_copy(update={"message": "Hi"}), 1, bot, user, settings),
        conversation_key(SEED.model_copy(update={"seed_id": "seed-1-2"}), 1, bot, user, settings),
        conversation_key(SEED.model_copy(update={"context": {"a": "b"}}), 1, bot, user, settings),
        conversation_key(SEED, 2, bot, user, settings),
        conversation_key(SEED, 1, ParticipantSettings(reference="bot@v2"), user, settings),
        conversation_key(
            SEED, 1, bot.model_copy(update={"static_inputs": {"a": 1}}), user, settings
        ),
        conversation_key(SEED, 1, bot, ParticipantSettings(reference="user@v2"), settings),
        conversation_key(SEED, 1, user, bot, settings),
        *(
            conversation_key(SEED, 1, bot, user, SimulationSettings.model_validate(changed))
            for changed in [
                {"turns": 4},
                {"ends_with": "assistant"},
                {"end_marker": "X"},
                {"greeting": "Hi"},
            ]
        ),
    ]
    assert len({base, *others}) == len(others) + 1
    assert (
        conversation_key(Seed.model_validate_json(SEED.model_dump_json()), 1, bot, user, settings)
        == base
    )
    assert json.dumps(base) == f'"{base}"'
