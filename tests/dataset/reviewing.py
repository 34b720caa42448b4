"""Conversations whose rules are the real ones, for versions that people review."""

from dataclasses import replace

from duologue.dataset.contents import DatasetContents
from duologue.settings.participants import ParticipantSettings
from duologue.settings.rules import RuleSettings
from duologue.settings.run import RunSettings, SimulationSettings
from duologue.validation.check import CheckedConversation, check_conversation
from duologue.validation.loading import load_rules
from tests.dataset.making import ANYTHING_PASSES, checked, contents

SETTINGS = RunSettings(
    chatbot=ParticipantSettings(reference="support-bot"),
    simulated_user=ParticipantSettings(reference="local:duologue.workflows.simulated_user"),
    simulation=SimulationSettings(turns=1),
    rules=RuleSettings(
        severities={"user_echoes_assistant": "invalid", "opening_restated": "warning"}
    ),
    gates=ANYTHING_PASSES,
)


def of(*conversations: CheckedConversation) -> DatasetContents:
    """What a run with one turn each made of these."""
    return replace(contents(*conversations), settings=SETTINGS)


def conversation(n: int, *texts: str) -> CheckedConversation:
    """A conversation of seed `sN`, checked by the current rules."""
    made = checked(*texts, seed_id=f"s{n}")
    rules = load_rules(SETTINGS.rules)
    return check_conversation(made.conversation, made.seed, SETTINGS.simulation, rules)


def sound(n: int) -> CheckedConversation:
    """No rule finds anything."""
    return conversation(n, f"Is lamp number {n} in stock?", "It is.", f"Then I take {n}, please.")


def echo(n: int) -> CheckedConversation:
    """Invalid: the user repeats the chatbot."""
    which = "Which of our lamps would you like to have?"
    return conversation(n, "A lamp?", which, which)


def restated(n: int) -> CheckedConversation:
    """Valid, with a warning: the user says its first message again."""
    opening = f"Is lamp number {n} in stock at the moment?"
    return conversation(n, opening, "Which colour?", opening)
