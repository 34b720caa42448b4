"""Seeds that are the middle of a conversation, and seeds with their own number of turns."""

import json
from collections.abc import Sequence

import pytest

from duologue.conversation.messages import Conversation, EndReason, EndsWith, Role
from duologue.plans.generation import without_lost_openings
from duologue.seeds import Seed, SeedFile
from duologue.settings.participants import ParticipantInputs, ParticipantMode, ParticipantSettings
from duologue.settings.rules import RuleSettings, Severity
from duologue.settings.run import SimulationSettings
from duologue.simulation import Draft, Participants, conversation_key, simulate, turns_of
from duologue.validation.check import Checker, check_conversation
from duologue.validation.seeds import checked_seeds, seed_findings
from tests.support.scripted import ScriptedParticipant

GIVEN = (("USER", "Can I return it?"), ("ASSISTANT", "Within 30 days."))
BOT = ["Yes, in any shop.", "Until eight.", "On Sundays too.", "Bye!"]
USER = ["Which ones?", "And on Sundays?", "Great, I'll come.", "Bye!"]


def seed(given: Sequence[tuple[str, str]] = GIVEN, **context: str) -> Seed:
    if given:
        context["opening"] = json.dumps([{"role": role, "text": text} for role, text in given])
    return Seed(seed_id="s", message="And without the receipt?", context=context)


async def simulated(
    of: Seed, bot: list[str] = BOT, user: list[str] = USER, **settings: object
) -> tuple[Conversation, ScriptedParticipant, ScriptedParticipant]:
    chatbot, simulated_user = ScriptedParticipant(bot), ScriptedParticipant(user)
    conversation = await simulate(
        Draft.of(of),
        of,
        1,
        Participants(chatbot, simulated_user),
        SimulationSettings.model_validate(settings),
    )
    return conversation, chatbot, simulated_user


@pytest.mark.parametrize("ends_with", EndsWith)
async def test_an_opening_counts_as_no_turn(ends_with: EndsWith) -> None:
    conversation, _, _ = await simulated(seed(), turns=2, ends_with=ends_with)
    said = [message.text for message in conversation.messages]
    user = USER[: 2 if ends_with is EndsWith.USER else 1]
    assert said[:4] == [*(text for _, text in GIVEN), "And without the receipt?", BOT[0]]
    assert len(said) == 2 + 1 + 2 + len(user)
    assert (conversation.opening, conversation.turn_count) == (2, 2)
    assert conversation.end_reason is EndReason.MAX_TURNS
    turns = [(turn.index, len(turn.chat_history)) for turn in conversation.next_turns]
    assert turns == [(1, 3), (2, 5), (3, 7)][: 1 + len(user)]
    checked = check_conversation(
        conversation, seed(), SimulationSettings(turns=2, ends_with=ends_with)
    )
    assert checked.violations == ()


async def test_both_sides_see_the_opening() -> None:
    _, chatbot, user = await simulated(seed(), turns=1)
    assert [message.text for message in chatbot.views[0]] == [
        *(text for _, text in GIVEN),
        "And without the receipt?",
    ]
    assert [message.role for message in user.views[0]] == [
        *(Role.ASSISTANT, Role.USER, Role.ASSISTANT, Role.USER),
    ]


async def test_goodbyes_of_an_opening_end_nothing() -> None:
    given = (("USER", "Thanks, bye!"), ("ASSISTANT", "Bye!"), ("USER", "Bye"), ("BOT", "Bye bye!"))
    leaving = seed(given).model_copy(update={"message": "Bye!"})
    conversation, _, _ = await simulated(leaving, turns=2)
    assert conversation.end_reason is EndReason.MAX_TURNS
    looped, _, _ = await simulated(
        seed(given), ["Bye!", "Bye!", "Bye!"], ["Bye!", "Bye!", "Bye!"], turns=3
    )
    assert looped.end_reason is EndReason.FAREWELL_LOOP
    assert [message.text for message in looped.messages[:5]] == [
        *(text for _, text in given),
        "And without the receipt?",
    ]
    assert len(looped.messages) > 5


async def test_a_seeds_own_number_of_turns_overrides_the_runs() -> None:
    settings = SimulationSettings(turns=1)
    longer, shorter = seed((), max_turns="3"), seed((), max_turns="1")
    assert [turns_of(one, settings) for one in (longer, shorter, seed(()))] == [3, 1, 1]
    conversation, _, _ = await simulated(longer, turns=1)
    assert conversation.turn_count == 3
    assert check_conversation(conversation, longer, settings).violations == ()
    assert [
        found.rule for found in check_conversation(conversation, shorter, settings).violations
    ] == ["wrong_length"]


async def test_a_conversation_without_its_opening_is_not_its_seeds() -> None:
    conversation, _, _ = await simulated(seed(), turns=1)
    settings = SimulationSettings(turns=1)
    moved = conversation.model_copy(update={"opening": 1})
    assert "wrong_opening" in check_conversation(moved, seed(), settings).broken_rules
    cut = conversation.model_copy(update={"messages": conversation.messages[:2]})
    assert "wrong_opening" in check_conversation(cut, seed(), settings).broken_rules


@pytest.mark.parametrize(
    ("given", "message_index", "may_become_valid"),
    [("Dear {{name}}", 1, False), ("Fine.", 3, True)],
)
async def test_a_fault_in_the_opening_is_never_tried_again(
    given: str, message_index: int, may_become_valid: bool
) -> None:
    of = seed((("USER", "Hello there"), ("ASSISTANT", given)))
    bot = ["We have {{stock}} of them." if may_become_valid else "Sure, in any shop."]
    conversation, _, _ = await simulated(of, bot, turns=1)
    checker = Checker(SimulationSettings(turns=1), RuleSettings())
    checked = checker.check(conversation, of)
    broken = [v for v in checked.violations if v.severity is Severity.INVALID]
    assert [violation.message_index for violation in broken] == [message_index]
    assert checker.may_become_valid(checked) is may_become_valid


def test_a_fault_in_the_opening_is_the_seeds_and_reported_as_such() -> None:
    bad = seed((("USER", "I am {{name}}"), ("ASSISTANT", "Hello.")))
    twice = seed((("USER", "Hello?"), ("USER", "Anyone?"), ("ASSISTANT", "Yes, hello.")))
    mail = seed((("USER", "I am ann@gmail.com"), ("ASSISTANT", "Hello.")))
    assert [(v.rule, v.message_index) for v in seed_findings(bad)] == [("placeholder", 0)]
    seeds = tuple(
        one.model_copy(update={"seed_id": str(n)}) for n, one in enumerate((bad, twice, mail))
    )
    checked = checked_seeds(SeedFile("s.csv", "", "", seeds, (), lines=(2, 3, 4)))
    assert [(row.line, row.reason.partition(" on its own")[0]) for row in checked.rejected] == [
        (2, "opening breaks the rule placeholder"),
        (3, "opening breaks the rule broken_alternation"),
    ]
    assert [str(warning) for warning in checked.warnings] == [
        "s.csv:4: opening breaks the rule personal_data on its own"
    ]


def test_a_stateful_participant_gets_no_seed_with_an_opening() -> None:
    stateful = ParticipantSettings.parsed("bot", ParticipantInputs(mode=ParticipantMode.STATEFUL))
    stateless = ParticipantSettings.parsed("bot")
    seeds = SeedFile("s.csv", "", "", (seed(),), (), lines=(2,))
    assert without_lost_openings(seeds, stateless, stateless) == seeds
    (row,) = without_lost_openings(seeds, stateless, stateful).rejected
    assert str(row).startswith("s.csv:2: it has an opening, but bot is sent only the latest")


def test_everything_in_a_scenario_is_part_of_a_conversations_key() -> None:
    bot = ParticipantSettings.parsed("bot")
    contexts = [
        {},
        {"persona": "a"},
        {"persona": "b"},
        {"goal": "a"},
        {"facts": '{"a": 1}'},
        {"max_turns": "2"},
        {"opening": seed().context["opening"]},
    ]
    keys = {
        conversation_key(
            Seed(seed_id="s", message="Hi", context=context), 1, bot, bot, SimulationSettings()
        )
        for context in contexts
    }
    assert len(keys) == len(contexts)
