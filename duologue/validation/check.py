"""Runs the rules on conversations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from duologue.conversation.messages import Conversation, Message
from duologue.seeds import Seed
from duologue.settings.rules import RuleSettings, Severity
from duologue.settings.run import SimulationSettings
from duologue.simulation import turns_of
from duologue.validation.loading import load_rules
from duologue.validation.rule import Expectations, Rule, Violation
from duologue.validation.rules import RULES
from duologue.validation.verdict import JUDGE_PREFIX, Verdict, violations_of


@dataclass(frozen=True, slots=True)
class CheckedConversation:
    """A simulated conversation, its seed, and the rules it breaks."""

    conversation: Conversation
    seed: Seed
    violations: tuple[Violation, ...]
    """In message order; those about the whole conversation come first. A criterion of a judge that
    it fails is one, as in `judge:user_in_role`."""
    verdicts: tuple[Verdict, ...] = ()
    """Of the judges that read it."""

    def judged(self, verdicts: Iterable[Verdict]) -> Self:
        """Returns it with verdicts, and with the criteria that it fails among its violations."""
        verdicts = tuple(verdicts)
        found = sorted((*self.violations, *violations_of(verdicts)), key=_position)
        return replace(self, violations=tuple(found), verdicts=(*self.verdicts, *verdicts))

    def unjudged(self) -> Self:
        """Returns it without verdicts, and with the violations of the rules alone."""
        found = (one for one in self.violations if not one.rule.startswith(JUDGE_PREFIX))
        return replace(self, violations=tuple(found), verdicts=())

    @property
    def is_valid(self) -> bool:
        """Whether it breaks no rule of severity `invalid`."""
        return not self.broken_rules

    @property
    def broken_rules(self) -> tuple[str, ...]:
        """Distinct rules of severity `invalid` that it breaks, sorted."""
        return rule_names(self.violations, Severity.INVALID)

    @property
    def information(self) -> tuple[str, ...]:
        """Distinct rules of severity `info` that apply to it, sorted."""
        return rule_names(self.violations, Severity.INFO)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Distinct rules of severity `warning` that it breaks, sorted."""
        return rule_names(self.violations, Severity.WARNING)


def check_conversation(
    conversation: Conversation,
    seed: Seed,
    settings: SimulationSettings,
    rules: Sequence[Rule] = RULES,
) -> CheckedConversation:
    """Runs rules from `load_rules` on a conversation that was simulated with these settings."""
    expected = Expectations(
        seed_message=seed.message,
        turns=turns_of(seed, settings),
        ends_with=settings.ends_with,
        end_reason=conversation.end_reason,
        end_marker=settings.end_marker,
        opening=conversation.opening,
        facts=seed.scenario.facts,
    )
    violations = check_messages(conversation.messages, expected, rules)
    return CheckedConversation(conversation, seed, violations)


class Checker:
    """Checks the conversations of one run, and remembers the results.

    Raises:
        UsageError: the rules cannot be loaded; see `load_rules`.
    """

    def __init__(self, simulation: SimulationSettings, rules: RuleSettings) -> None:
        self._simulation = simulation
        self._rules = load_rules(rules)
        self._checked: dict[str, CheckedConversation] = {}

    def check(self, conversation: Conversation, seed: Seed) -> CheckedConversation:
        """Runs the rules on a conversation, unless this very one was checked last under its id."""
        checked = self._checked.get(conversation.conversation_id)
        if checked is None or checked.conversation is not conversation:
            checked = check_conversation(conversation, seed, self._simulation, self._rules)
            self._checked[conversation.conversation_id] = checked
        return checked

    def may_become_valid(self, checked: CheckedConversation) -> bool:
        """Checks whether simulating it again can help. It cannot if the seed's message, or
        one of its opening, breaks a rule on its own.

        A rule may start there and still need the messages after it, as `role_flip` does.
        """
        given = checked.conversation.opening
        at_start = {v.rule for v in checked.violations if _is_invalid_up_to(given, v)}
        rules = [rule for rule in self._rules if rule.name in at_start]
        scenario = checked.seed.scenario
        expected = Expectations(
            seed_message=checked.seed.message, opening=given, facts=scenario.facts
        )
        messages = checked.conversation.messages[: given + 1]
        found = check_messages(messages, expected, rules)
        return not any(_is_invalid_up_to(given, violation) for violation in found)


def _is_invalid_up_to(last: int, violation: Violation) -> bool:
    index = violation.message_index
    return index is not None and index <= last and violation.severity is Severity.INVALID


def check_messages(
    messages: Sequence[Message], expected: Expectations, rules: Sequence[Rule] = RULES
) -> tuple[Violation, ...]:
    """Runs rules on the messages of one conversation.

    Returns:
        The findings in message order; those about the whole conversation come first. Findings about
        the same message keep the order of the rules.
    """
    said = "\n".join([message.text for message in messages])
    found = (
        Violation(rule.name, rule.severity, finding.message_index, finding.detail)
        for rule in rules
        if not rule.marks or any(map(said.__contains__, rule.marks))
        for finding in rule.check(messages, expected)
    )
    return tuple(sorted(found, key=_position))


def rule_names(violations: Iterable[Violation], severity: Severity) -> tuple[str, ...]:
    """Returns the distinct rules of one severity, sorted."""
    return tuple(sorted({v.rule for v in violations if v.severity is severity}))


def _position(violation: Violation) -> int:
    return -1 if violation.message_index is None else violation.message_index
