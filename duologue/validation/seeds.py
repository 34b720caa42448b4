"""Rules on seeds: what a first message breaks on its own, whatever is said after it."""

from collections.abc import Sequence
from dataclasses import replace

from duologue.conversation.messages import Message, Role
from duologue.seeds import RejectedRow, RowWarning, Seed, SeedFile
from duologue.settings.rules import Severity
from duologue.validation.check import check_messages
from duologue.validation.rule import Expectations, Rule, Violation
from duologue.validation.rules import RULES

_BUILT_IN = frozenset(rule.name for rule in RULES)


def seed_findings(seed: Seed, rules: Sequence[Rule] = RULES) -> tuple[Violation, ...]:
    """Returns the rules that a seed's message, or one of its opening, breaks on its own.

    A conversation of such a seed breaks them too, however often it is simulated. Own rules are left
    out: they may expect more of a conversation than its first message.
    """
    before = seed.scenario.opening
    given = (*before, Message(role=Role.USER, text=seed.message))
    checked = [r for r in rules if r.name in _BUILT_IN and r.severity is not Severity.INFO]
    facts = seed.scenario.facts
    expected = Expectations(seed_message=seed.message, opening=len(before), facts=facts)
    found = check_messages(given, expected, checked)
    return tuple(violation for violation in found if violation.message_index is not None)


def checked_seeds(seed_file: SeedFile, rules: Sequence[Rule] = RULES) -> SeedFile:
    """Rejects the seeds that break a rule of severity `invalid` on their own.

    Returns:
        The file with the other seeds, and a warning for each rule of severity `warning` that one of
        them breaks. No reason repeats what a message says.
    """
    kept: list[tuple[int, Seed]] = []
    rejected: list[RejectedRow] = []
    warnings: list[RowWarning] = []
    for line, seed in zip(seed_file.lines, seed_file.seeds, strict=True):
        found = seed_findings(seed, rules)
        broken = [v for v in found if v.severity is Severity.INVALID]
        if broken:
            part = _part(seed, broken)
            rejected.append(RejectedRow(seed_file.path, line, _rejection(part, _names(broken))))
            continue
        kept.append((line, seed))
        doubtful = [v for v in found if v.severity is Severity.WARNING]
        part = _part(seed, doubtful)
        warnings += [RowWarning(seed_file.path, line, rule, part) for rule in _names(doubtful)]
    return replace(
        seed_file,
        seeds=tuple(seed for _, seed in kept),
        lines=tuple(line for line, _ in kept),
        rejected=tuple(sorted([*seed_file.rejected, *rejected], key=lambda row: row.line)),
        warnings=tuple(warnings),
    )


def _names(violations: Sequence[Violation]) -> list[str]:
    return list(dict.fromkeys(violation.rule for violation in violations))


def _part(seed: Seed, violations: Sequence[Violation]) -> str:
    """Says which part of a seed breaks rules: its message, or the opening before it."""
    opening = len(seed.scenario.opening)
    in_opening = all((violation.message_index or 0) < opening for violation in violations)
    return "opening" if opening and in_opening else "message"


def _rejection(part: str, rules: Sequence[str]) -> str:
    one = len(rules) == 1
    named = ", ".join(rules)
    return (
        f"{part} breaks the rule{'' if one else 's'} {named} on its own, so that no conversation "
        f"of it could be valid; change it, or set {'the rule' if one else 'these rules'} to warning"
    )
