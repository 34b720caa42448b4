"""Loads the rules that the settings name."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from duologue.conversation.messages import Message
from duologue.errors import UsageError
from duologue.foreign_code import Raised, call_foreign_here
from duologue.own_code import import_own_function
from duologue.settings.rules import RuleSettings, Severity
from duologue.storage.fetching import stored_bytes
from duologue.storage.text import decoded_text
from duologue.validation.rule import Check, Expectations, Finding, Rule
from duologue.validation.rules import RULES

_EXPECTED = "`def rule(messages, expected)` that returns findings"


def load_rules(settings: RuleSettings) -> tuple[Rule, ...]:
    """Returns the active rules with their severities and thresholds.

    Call it once, before anything is billed: it imports own rules and reads the prompt file.

    Raises:
        UsageError: a rule is unknown or its name is taken, an own rule cannot be imported or
            called, the prompt file cannot be read, or the phone region does not exist.
    """
    _check_region(settings.phone_region)
    rules = (*RULES, *map(_own_rule, settings.own_rules))
    _check_names([rule.name for rule in rules], settings.severities)
    values = {**dict(settings), "prompt": _prompt(settings.prompt_file)}
    chosen = ((rule, settings.severities.get(rule.name, rule.severity)) for rule in rules)
    return tuple(
        replace(rule, severity=Severity(severity), check=_with_settings(rule.check, values))
        for rule, severity in chosen
        if severity != "off"
    )


def _with_settings(check: Check, values: Mapping[str, Any]) -> Check:
    """Binds a rule's keyword arguments to the settings of the same names."""
    keywords = [
        name
        for name, parameter in inspect.signature(check).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name in values
    ]
    return partial(check, **{name: values[name] for name in keywords}) if keywords else check


def _own_rule(reference: str) -> Rule:
    function = import_own_function(
        reference,
        "rule",
        "python:my_rules:no_prices",
        _EXPECTED,
        ([], Expectations()),
        "the messages and what is expected of them",
    )
    return Rule(reference.split(":")[2], Severity.WARNING, _guarded(function))


def _guarded(function: Check) -> Check:
    """Turns an own rule's failure into a finding, so that no conversation is lost."""

    def check(messages: Sequence[Message], expected: Expectations) -> Iterable[Finding]:
        findings = call_foreign_here(lambda: list(function(messages, expected)))
        if isinstance(findings, Raised):
            # Without the error's text, which may hold the conversation's.
            name = type(findings.error).__name__
            return [Finding(None, f"the rule itself failed ({name})")]
        if all(_is_finding(finding, len(messages)) for finding in findings):
            return list(findings)
        return [Finding(None, "the rule itself failed (it returned something other than findings)")]

    return check


def _is_finding(value: object, messages: int) -> bool:
    return (
        isinstance(value, Finding)
        and isinstance(value.detail, str)
        and (value.message_index is None or value.message_index in range(messages))
    )


def _check_names(names: Sequence[str], severities: Iterable[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"rule {name!r}: there are two of this name; rename your own")
    for name in severities:
        if name not in names:
            raise UsageError(
                f"rule {name!r}: there is no such rule; there are {', '.join(sorted(names))}"
            )


def _check_region(region: str) -> None:
    from phonenumbers import SUPPORTED_REGIONS

    if region and region not in SUPPORTED_REGIONS:
        raise UsageError(
            f"phone_region is {region!r}; expected a country's two letters, as in 'US' or 'GB'"
        )


def _prompt(path: str | None) -> str:
    return decoded_text(stored_bytes(path), path) if path else ""
