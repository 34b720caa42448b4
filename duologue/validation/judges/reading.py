"""Reading verdicts out of a judge's answer: JSON, also in a code fence or after other text."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from duologue.conversation.messages import unwritable_reason
from duologue.settings.judges import CRITERION
from duologue.settings.options import Record

_NAME = re.compile(CRITERION)
_OPENING = re.compile(r"[{\[]")
_YES = {"true", "yes", "pass", "passed", "1"}
_NO = {"false", "no", "fail", "failed", "0"}
_OF_ONE = {"passed", "score"}
"""A verdict has at least one of these fields."""
_LISTS = "verdicts", "criteria"
_REASONS = "reason", "reasoning", "explanation", "rationale"

_FIRST, _SECOND, _TIE = {"first", "a", "1"}, {"second", "b", "2"}, {"tie", "both", "neither", "0"}


class UnreadableAnswerError(ValueError):
    """A judge's answer is not a verdict; says why, without any of its text."""


class CriterionVerdict(Record):
    """A judge's verdict on one criterion, as it answers."""

    criterion: Annotated[str, Field(pattern=CRITERION)]
    """The criterion's name, as it was asked."""
    passed: bool | None = None
    """Whether the conversation fulfils the criterion; may be left out if there is a score."""
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    """How well it does, from 0 (not at all) to 1 (fully); may be left out if `passed` is there."""
    reason: str = ""
    """One or two sentences."""
    message: Annotated[int, Field(ge=0)] | None = None
    """The index of the message that decides it, from 0; null if it is the whole conversation."""

    @field_validator("reason")
    @classmethod
    def _can_be_written(cls, reason: str) -> str:
        if why := unwritable_reason(reason):
            raise ValueError(f"holds {why}")
        return reason


class JudgeAnswer(Record):
    """A judge's whole answer: a verdict on each criterion that it was asked."""

    verdicts: tuple[CriterionVerdict, ...]


def read_answer(
    text: str, criteria: Sequence[str], own_criterion: str, messages: int
) -> JudgeAnswer:
    """Reads the verdicts in an answer.

    Args:
        text: the answer. The last JSON in it that holds verdicts counts.
        criteria: what was asked; empty if the judge names its criteria itself.
        own_criterion: the criterion of a verdict that names none.
        messages: how many the conversation has.

    Raises:
        UnreadableAnswerError: it is not JSON, has not the form of verdicts, or does not answer
            exactly what was asked.
    """
    found = _answer_in(text)
    answer = JudgeAnswer(
        verdicts=tuple(
            _verdict(name, value, messages)
            for name, value in _named(found, own_criterion, criteria)
        )
    )
    _check_names([verdict.criterion for verdict in answer.verdicts], criteria)
    return answer


def read_preference(text: str) -> tuple[float, str]:
    """Reads which reply is better: 1 for the first, 0 for the second, 0.5 for a tie; and why.

    Raises:
        UnreadableAnswerError: it says neither.
    """
    values = [one for one in _json_values(text) if isinstance(one, Mapping) and "preferred" in one]
    if not values:
        bare = [one for one in _json_values(text) if isinstance(one, str | int)]
        values = [{"preferred": one} for one in bare]
    if not values:
        raise UnreadableAnswerError("its answer is not JSON with `preferred`")
    said = str(values[-1]["preferred"]).strip().lower()
    for words, value in ((_FIRST, 1.0), (_SECOND, 0.0), (_TIE, 0.5)):
        if said in words:
            reason = values[-1].get("reason")
            return value, reason if isinstance(reason, str) and not unwritable_reason(
                reason
            ) else ""
    raise UnreadableAnswerError("its answer's `preferred` is neither first, second nor tie")


def _answer_in(text: str) -> Any:
    values = list(_json_values(text))
    if not values:
        raise UnreadableAnswerError("its answer is not JSON")
    likely = [value for value in values if isinstance(value, Mapping | list)]
    return (likely or values)[-1]


def _json_values(text: str) -> Iterator[Any]:
    """Yields the JSON values in a text: all of it, or each object and list in it."""
    try:
        yield json.loads(text, parse_constant=_no_constant)
        return
    except RecursionError:
        return
    except ValueError:
        pass
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    position = 0
    while (match := _OPENING.search(text, position)) is not None:
        try:
            value, position = decoder.raw_decode(text, match.start())
        except RecursionError:
            return  # a thousand brackets in a row: every further one would take as long again
        except ValueError:
            position = match.start() + 1
            continue
        yield value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _named(answer: Any, own_criterion: str, criteria: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yields each criterion with its verdict, in whichever form the answer has them."""
    if isinstance(answer, Mapping):
        inside = next((answer[name] for name in _LISTS if name in answer), None)
        if isinstance(inside, list | Mapping):
            answer = inside
    if isinstance(answer, list):
        for one in answer:
            if not isinstance(one, Mapping):
                raise UnreadableAnswerError("its answer is a list, but not of verdicts")
            yield str(one.get("criterion", own_criterion)), one
    elif isinstance(answer, Mapping) and "criterion" in answer:
        yield str(answer["criterion"]), answer
    elif isinstance(answer, Mapping) and not _OF_ONE & answer.keys():
        yield from ((str(name), value) for name, value in answer.items())
    elif len(criteria) <= 1:
        yield own_criterion, answer
    else:
        raise UnreadableAnswerError(
            f"its answer is one verdict, and it was asked about {len(criteria)} criteria"
        )


def _verdict(name: str, value: Any, messages: int) -> CriterionVerdict:
    name = re.sub(r"[\s-]+", "_", name.strip().lower()) if not _NAME.match(name) else name
    if isinstance(value, bool | str):
        value = {"passed": value}
    elif isinstance(value, int | float):
        value = {"score": value}
    if not isinstance(value, Mapping):
        raise UnreadableAnswerError("its answer has something else in a verdict's place")
    fields = {
        "criterion": name,
        "passed": _yes_or_no(value.get("passed")),
        "score": _number(value.get("score")),
        "reason": next((value[key] for key in _REASONS if value.get(key) is not None), ""),
        "message": value.get("message"),
    }
    try:
        verdict = CriterionVerdict.model_validate(fields, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise UnreadableAnswerError(f"its answer's `{where}` is wrong: {first['msg']}") from None
    if verdict.passed is None and verdict.score is None:
        raise UnreadableAnswerError("its answer has a verdict with neither `passed` nor `score`")
    if verdict.message is not None and verdict.message >= messages:
        raise UnreadableAnswerError(
            f"its answer names message {verdict.message}, and the conversation has {messages}"
        )
    return verdict


def _yes_or_no(value: Any) -> Any:
    said = value.strip().lower() if isinstance(value, str) else None
    if said in _YES or said in _NO:
        return said in _YES
    return value


def _number(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return None if isinstance(value, float) and math.isnan(value) else value


def _check_names(names: Sequence[str], criteria: Sequence[str]) -> None:
    if not names:
        raise UnreadableAnswerError("its answer has no verdict")
    if len(set(names)) < len(names):
        raise UnreadableAnswerError("its answer has two verdicts on one criterion")
    if not criteria:
        return
    if missing := [name for name in criteria if name not in names]:
        raise UnreadableAnswerError(f"its answer has no verdict on {', '.join(missing)}")
    if unknown := len(set(names) - set(criteria)):
        raise UnreadableAnswerError(f"its answer has {unknown} verdicts that were not asked")
