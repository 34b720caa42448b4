"""Running the rules on a conversation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from duologue.conversation.messages import Conversation, Message
from duologue.seeds import Seed
from duologue.settings.rules import RuleSettings, Severity
from duologue.settings.run import SimulationSettings
from duologue.validation.loading import load_rules
from duologue.validation.rule import Expectations, Rule, Violation
from duologue.validation.rules import RULES


@dataclass(frozen=True, slots=True)
class CheckedConversation:
    """A simulated conversation, its seed, and the rules it breaks."""

    conversation: Conversation
    seed: Seed
    violations: tuple[Violation, ...]
    """In message order; what is about the conversation as a whole comes first."""

    @property
    def is_valid(self) -> bool:
        """Whether it breaks no rule of severity `invalid`."""
        return not self.broken_rules

    @property
    def may_become_valid(self) -> bool:
        """Whether simulating it again can help: not where its first message, the seed's, breaks a
        rule.
        """
        return all(v.message_index != 0 for v in self.violations if v.severity is Severity.INVALID)

    @property
    def broken_rules(self) -> tuple[str, ...]:
        """The rules of severity `invalid` that it breaks, sorted, each once."""
        return rule_names(self.violations, Severity.INVALID)

    @property
    def information(self) -> tuple[str, ...]:
        """The rules of severity `info` that say something of it, sorted, each once."""
        return rule_names(self.violations, Severity.INFO)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The rules of severity `warning` that it breaks, sorted, each once."""
        return rule_names(self.violations, Severity.WARNING)


def check_conversation(
    conversation: Conversation,
    seed: Seed,
    settings: SimulationSettings,
    rules: Sequence[Rule] = RULES,
) -> CheckedConversation:
    """Runs rules, as `load_rules` makes them ready, on a conversation simulated like this."""
    expected = Expectations(
        seed_message=seed.message,
        turns=settings.turns,
        ends_with=settings.ends_with,
        end_reason=conversation.end_reason,
        end_marker=settings.end_marker,
    )
    violations = check_messages(conversation.messages, expected, rules)
    return CheckedConversation(conversation, seed, violations)


class Checker:
    """Checks the conversations of one run, each once however often it is asked about.

    Raises:
        UsageError: the rules cannot be made ready; see `load_rules`.
    """

    def __init__(self, simulation: SimulationSettings, rules: RuleSettings) -> None:
        self._simulation = simulation
        self._rules = load_rules(rules)
        self._checked: dict[str, CheckedConversation] = {}

    def check(self, conversation: Conversation, seed: Seed) -> CheckedConversation:
        """Runs the rules on a conversation, unless they last ran on this very one of its id."""
        checked = self._checked.get(conversation.conversation_id)
        if checked is None or checked.conversation is not conversation:
            checked = check_conversation(conversation, seed, self._simulation, self._rules)
            self._checked[conversation.conversation_id] = checked
        return checked


def check_messages(
    messages: Sequence[Message], expected: Expectations, rules: Sequence[Rule] = RULES
) -> tuple[Violation, ...]:
    """Runs rules on the messages of one conversation.

    Returns:
        What they find, in message order; what is about the conversation as a whole comes first.
        Findings about the same message keep the order of the rules.
    """
    found = (
        Violation(rule.name, rule.severity, finding.message_index, finding.detail)
        for rule in rules
        for finding in rule.check(messages, expected)
    )
    return tuple(sorted(found, key=_position))


def rule_names(violations: Iterable[Violation], severity: Severity) -> tuple[str, ...]:
    """Returns the distinct rules of one severity, sorted."""
    return tuple(sorted({v.rule for v in violations if v.severity is severity}))


def _position(violation: Violation) -> int:
    return -1 if violation.message_index is None else violation.message_index
