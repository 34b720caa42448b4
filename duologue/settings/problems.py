"""What is wrong with a setting, in a sentence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from duologue.settings.declarations import name_at, near_miss


@dataclass(frozen=True, slots=True)
class Problem:
    """A setting that cannot be used as it is set."""

    name: str
    """Dotted."""
    message: str
    """The whole sentence, with the name."""

    def __str__(self) -> str:
        return self.message


_EXPECTATIONS = {
    "missing": "expected a value",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "string_type": "expected text",
    "greater_than": "expected more than {gt:g}",
    "greater_than_equal": "expected {ge:g} or more",
    "less_than": "expected less than {lt:g}",
    "less_than_equal": "expected {le:g} or less",
    "enum": "expected {expected}",
    "literal_error": "expected {expected}",
    "dict_type": "expected a table, such as {{ name = ... }}",
    "model_type": "expected a table, such as {{ name = ... }}",
    "tuple_type": 'expected a list, such as ["..."]',
    "list_type": 'expected a list, such as ["..."]',
}
_NOT_BLANK = r"\S"
_FORMS = {
    r"^\d+[hdw]$": "12h, 7d or 4w",
    "^([A-Z]{2})?$": "US, or empty",
    r"^[^/]+/[^/]+$": "FLOW/DEPLOYMENT",
}


def first_problem(model: type[BaseModel], error: ValidationError) -> Problem:
    """Describes the first setting that pydantic refused.

    Args:
        model: what was validated.
        error: what pydantic found.
    """
    # A setting that is missing comes last: a wrong name may be why.
    found = sorted(error.errors(include_url=False), key=lambda one: one["type"] == "missing")
    first = found[0]
    name = name_at(model, first["loc"])
    if first["type"] == "extra_forbidden":
        return Problem(name, unknown_setting(model, name))
    if first["type"] == "missing":
        group = name.rpartition(".")[0]
        remedy = f"set it, or leave all of {group} out" if group else "set it"
        return Problem(name, f"{name} is not set; {remedy}")
    # A value that fits none of a type's alternatives has an error for each of them.
    expected = dict.fromkeys(
        _expectation(one) for one in found if name_at(model, one["loc"]) == name
    )
    subject = f"{name} is {_shown(first['input'])}" if name else f"{_shown(first['input'])}"
    return Problem(name, f"{subject}; {_joined(list(expected))}{_meant(first)}")


def unknown_setting(model: type[BaseModel], name: str) -> str:
    """Says that there is no setting of that name, and which one may be meant."""
    meant = near_miss(model, name)
    remedy = f"did you mean {meant!r}?" if meant else "`duologue config` lists all there are"
    return f"there is no setting {name!r}; {remedy}"


def _expectation(error: ErrorDetails) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "string_pattern_mismatch" if context["pattern"] == _NOT_BLANK:
            return "expected text that is not blank"
        case "string_pattern_mismatch":
            return f"expected text of the form {_form(context['pattern'])}"
        case "value_error":
            return str(context["error"])
        case kind if kind in _EXPECTATIONS:
            return _EXPECTATIONS[kind].format_map(context)
    return error["msg"][:1].lower() + error["msg"][1:]


def _form(pattern: str) -> str:
    """Returns a pattern in words, where a reader of none would not understand it."""
    return _FORMS.get(pattern, pattern)


def _joined(expectations: list[str]) -> str:
    first, *others = expectations
    return " or ".join([first, *(one.removeprefix("expected ") for one in others)])


def _meant(error: ErrorDetails) -> str:
    names = re.findall(r"'(.+?)'", str(error.get("ctx", {}).get("expected", "")))
    close = get_close_matches(str(error["input"]), names, n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""


def _shown(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 100 else f"{text[:100]}…"
