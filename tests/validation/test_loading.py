from pathlib import Path

import pytest
from pydantic import ValidationError

from duologue.errors import UsageError
from duologue.settings.rules import RuleSettings, Severity
from duologue.validation.check import check_messages
from duologue.validation.loading import load_rules
from duologue.validation.rule import Expectations, Violation
from duologue.validation.rules import RULES
from tests.validation.talking import talk

OWN = "python:tests.validation.own_rules"


def found(settings: RuleSettings, *texts: str) -> list[Violation]:
    return list(check_messages(talk(*texts), Expectations(), load_rules(settings)))


def names(settings: RuleSettings, *texts: str) -> list[str]:
    return [violation.rule for violation in found(settings, *texts)]


def test_without_settings_the_rules_are_as_they_are() -> None:
    loaded = load_rules(RuleSettings())
    assert [(r.name, r.severity) for r in loaded] == [(r.name, r.severity) for r in RULES]


def test_a_rule_can_be_switched_off() -> None:
    assert names(RuleSettings(), "Hi", "<think>") == ["reasoning"]
    assert names(RuleSettings(severities={"reasoning": "off"}), "Hi", "<think>") == []


@pytest.mark.parametrize("severity", list(Severity))
def test_a_rules_severity_can_be_changed(severity: Severity) -> None:
    settings = RuleSettings.model_validate({"severities": {"reasoning": severity.value}})
    (violation,) = found(settings, "Hi", "<think>")
    assert violation.severity is severity


def test_every_threshold_reaches_its_rules(tmp_path: Path) -> None:
    """Each is moved so far that its rule finds what it would not find otherwise, or the other way
    round.
    """
    (tmp_path / "prompt.txt").write_text("You are in a hurry and never offer help to anybody.")
    prompt = str(tmp_path / "prompt.txt")
    alike = ("Hi", "We close at five today as always.", "We close at six today, as ever.")
    cases: list[tuple[RuleSettings, str, tuple[str, ...]]] = [
        (RuleSettings(canaries=("kestrel",)), "prompt_leak", ("Hi", "A Kestrel!")),
        (
            RuleSettings(prompt_file=prompt, prompt_phrase_words=4),
            "prompt_leak",
            ("Hi", "Yes?", "I am never in a hurry and never wait."),
        ),
        (RuleSettings(nearly_the_same=0.3), "user_echoes_assistant", alike),
        (
            RuleSettings(nearly_the_same=0.3),
            "assistant_echoes_user",
            ("Do you close at five today?", "We close at six today, as ever."),
        ),
        (RuleSettings(nearly_the_same=0.3), "opening_restated", (alike[1], "Eh", alike[2])),
        (
            RuleSettings(nearly_the_same=0.3),
            "loop",
            (alike[1], "Eh", alike[2], "Eh", alike[1], "Eh"),
        ),
        (RuleSettings(farewell_tail_messages=2), "farewell_tail", ("Hi", "Thank you!", "Goodbye!")),
        (
            RuleSettings(language_letters=2),
            "language_drift",
            ("언제 닫나요?", "We close at five in the afternoon on every day of the week."),
        ),
        (
            RuleSettings(language_confidence=0.5),
            "language_drift",
            ("When do you close today, and when tomorrow?", "Kommt morgen vorbei bitte"),
        ),
        (RuleSettings(truncation_words=3), "truncation", ("Hi", "Yes. We close at the")),
        (RuleSettings(phone_region="DE"), "personal_data", ("Ruf an: 030 901820.", "Ja.")),
        (RuleSettings(polite_share=0.2), "polite_user", ("Please?", "Yes", "When?", "Now", "Hm")),
        (
            RuleSettings(many_words=2),
            "verbose_user",
            ("When do you close?", "At 5", "And at noon?"),
        ),
    ]
    for settings, rule, texts in cases:
        assert rule in names(settings, *texts), (rule, settings)
        assert rule not in names(RuleSettings(), *texts), (rule, settings)
    tried = {field for settings, _, _ in cases for field in settings.model_fields_set}
    assert tried == RuleSettings.model_fields.keys() - {"severities", "own_rules"}


def test_an_own_rule_is_a_warning_unless_set_otherwise() -> None:
    settings = RuleSettings(own_rules=(f"{OWN}:no_prices",))
    assert found(settings, "Hi", "That is $5.") == [
        Violation("no_prices", Severity.WARNING, 1, "names a price")
    ]
    settings = RuleSettings(own_rules=(f"{OWN}:no_prices",), severities={"no_prices": "invalid"})
    (violation,) = found(settings, "Hi", "That is $5.")
    assert violation.severity is Severity.INVALID
    settings = RuleSettings(own_rules=(f"{OWN}:no_prices",), severities={"no_prices": "off"})
    assert found(settings, "Hi", "That is $5.") == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("raises", "the rule itself failed (ValueError)"),
        ("gives_text", "the rule itself failed (it returned something other than findings)"),
        (
            "points_beyond_the_end",
            "the rule itself failed (it returned something other than findings)",
        ),
        ("gives_nothing", "the rule itself failed (TypeError)"),
    ],
)
def test_an_own_rule_that_fails_is_a_finding_without_the_conversations_text(
    name: str, told: str
) -> None:
    (violation,) = found(RuleSettings(own_rules=(f"{OWN}:{name}",)), "A secret", "Yes")
    assert (violation.rule, violation.message_index, violation.detail) == (name, None, told)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            RuleSettings(severities={"truncated": "off"}),
            "rule 'truncated': there is no such rule; there are assistant_echoes_user,",
        ),
        (RuleSettings(own_rules=("my_rules:no_prices",)), "expected python:package.module:rule"),
        (RuleSettings(own_rules=("python:no_such_module:rule",)), "no module 'no_such_module'"),
        (RuleSettings(own_rules=(f"{OWN}:absent",)), "has no function 'absent'"),
        (RuleSettings(own_rules=(f"{OWN}:A_NUMBER",)), "has no function 'A_NUMBER'"),
        (RuleSettings(own_rules=(f"{OWN}:takes_nothing",)), "cannot be called with the messages"),
        (RuleSettings(own_rules=(f"{OWN}:loop",)), "rule 'loop': there are two of this name"),
        (RuleSettings(prompt_file="no/such/file.txt"), "no/such/file.txt: there is no such file"),
        (RuleSettings(phone_region="XX"), "phone_region is 'XX'"),
    ],
)
def test_what_cannot_be_made_ready_is_reported(settings: RuleSettings, told: str) -> None:
    with pytest.raises(UsageError) as error:
        load_rules(settings)
    assert told in str(error.value)


def test_an_unknown_rule_is_reported_with_all_there_are() -> None:
    with pytest.raises(UsageError) as error:
        load_rules(RuleSettings(severities={"x": "off"}, own_rules=(f"{OWN}:no_prices",)))
    for name in ("no_prices", *(rule.name for rule in RULES)):
        assert name in str(error.value)


@pytest.mark.parametrize(
    "values",
    [
        {"severities": {"loop": "loud"}},
        {"nearly_the_same": 1.1},
        {"farewell_tail_messages": 1},
        {"canaries": [" "]},
        {"phone_region": "Germany"},
        {"threshold": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RuleSettings.model_validate(values)
