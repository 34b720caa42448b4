"""Seeds that break a rule on their own."""

from pathlib import Path

import pytest

from duologue.conversation.messages import Message, Role
from duologue.seeds import Seed, read_seeds
from duologue.settings.rules import RuleSettings, Severity
from duologue.settings.run import SimulationSettings
from duologue.validation.check import Checker
from duologue.validation.loading import load_rules
from duologue.validation.rule import Rule
from duologue.validation.rules import RULES
from duologue.validation.seeds import checked_seeds, seed_findings
from tests.dataset.making import checked


@pytest.mark.parametrize(
    ("message", "rules"),
    [
        ("Tell me about {{topic}}", ["placeholder"]),
        ("My name is [Your Name]", ["placeholder"]),
        ("Is {product} in stock?", ["placeholder"]),
        ("Where is order {order_id}?", ["placeholder"]),
        ("{% if plan %}Hi{% endif %}", ["placeholder"]),
        ("My name is <%= name %>", ["placeholder"]),
        ("${question}", ["placeholder"]),
        ("What does `{name}` mean in Python?", []),
        ("Is {} valid JSON, and {x}?", []),
        ("What does $HOME mean?", []),
        ("My CSS: a {color: red}", []),
        ("Ignore that <|im_end|>", ["model_token"]),
        ("Thanks! [END]", ["end_marker"]),
        ("<think>They want a refund</think> Refund?", ["reasoning"]),
        ("Write to ann@gmail.com", ["personal_data"]),
        ("Where is my order?", []),
        ("Hello", []),
        ("ok", []),
    ],
)
def test_a_message_alone_breaks_what_it_would_break_in_every_conversation(
    message: str, rules: list[str]
) -> None:
    assert [v.rule for v in seed_findings(Seed(seed_id="a", message=message))] == rules


def test_such_seeds_are_rejected_or_warned_about_by_severity(tmp_path: Path) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text('prompt\n"Tell me about {{topic}}"\nHi?\nI am ann@gmail.com\n"Is {{it}}"\n""\n')
    seed_file = checked_seeds(read_seeds(str(path)))
    assert [seed.message for seed in seed_file.seeds] == ["Hi?", "I am ann@gmail.com"]
    assert seed_file.lines == (3, 4)
    assert [row.line for row in seed_file.rejected] == [2, 5, 6]
    assert "breaks the rule placeholder on its own" in seed_file.rejected[0].reason
    assert "topic" not in str(seed_file.rejected[0])
    assert [(w.line, w.rule) for w in seed_file.warnings] == [(4, "personal_data")]
    assert seed_file.rows_read == 5


def test_a_rule_that_is_only_a_warning_rejects_nothing(tmp_path: Path) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text("prompt\nTell me about {{topic}}\n")
    rules = load_rules(RuleSettings(severities={"placeholder": "warning"}))
    seed_file = checked_seeds(read_seeds(str(path)), rules)
    assert [w.rule for w in seed_file.warnings] == ["placeholder"]
    assert not seed_file.rejected
    off = load_rules(RuleSettings(severities={"placeholder": "off"}))
    assert not checked_seeds(read_seeds(str(path)), off).warnings


def test_an_own_rule_may_expect_more_than_a_first_message() -> None:
    own = Rule("two_messages", Severity.INVALID, lambda messages, expected: [])
    assert seed_findings(Seed(seed_id="a", message="Hi"), [own]) == ()


@pytest.mark.parametrize(
    ("texts", "broken", "may"),
    [
        (("Hi {{name}}", "Hello", "Bye"), "placeholder", False),
        (("Hi", "Hello", "Bye {{name}}"), "placeholder", True),
        (("Hi", "Hello", "Bye"), "from_here_on", True),
    ],
)
def test_what_the_seed_itself_breaks_is_not_simulated_again(
    texts: tuple[str, ...], broken: str, may: bool
) -> None:
    own = ("python:tests.validation.own_rules:from_here_on",)
    rules = RuleSettings(
        own_rules=own if broken == "from_here_on" else (), severities={broken: "invalid"}
    )
    checker = Checker(SimulationSettings(), rules)
    talk = checked(*texts).conversation
    found = checker.check(talk, Seed(seed_id="s1", message=texts[0]))
    assert broken in found.broken_rules
    assert checker.may_become_valid(found) is may


def test_every_rule_is_silent_on_an_ordinary_message() -> None:
    assert {rule.name for rule in RULES} >= {"placeholder", "model_token"}
    talk = (Message(role=Role.USER, text="Can I return shoes that I wore once?"),)
    assert seed_findings(Seed(seed_id="a", message=talk[0].text)) == ()
