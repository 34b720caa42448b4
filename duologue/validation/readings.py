"""Numbers, dates and identifiers in text, whichever way people write them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

_MONTHS = (
    "jan january januar janvier enero ene gennaio janeiro januari",
    "feb february februar février fevrier febrero febbraio fevereiro februari fév",
    "mar march märz maerz mars marzo março marco maart mär",
    "apr april avril abril aprile avr abr",
    "may mai mayo maggio maio mei",
    "jun june juni juin junio giugno junho",
    "jul july juli juillet julio luglio julho juil",
    "aug august août aout agosto augustus ago",
    "sep sept september septembre septiembre settembre setembro",
    "oct okt october oktober octobre octubre ottobre outubro",
    "nov november novembre noviembre novembro",
    "dec dez december dezember décembre decembre diciembre dicembre dezembro déc dic",
)
"""Their names in English, German, French, Spanish, Italian, Portuguese and Dutch."""

_MONTH_NUMBERS = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_MONTH = "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True))
_YEAR = r"(?:\d{4}|['\u2019]?\d{2})"

_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\w./-])(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?![\w]|[./-]\d)",
        r"(?<![\w./-])(?P<first>\d{1,2})(?P<mark>[-/.])(?P<second>\d{1,2})"
        rf"(?:(?P=mark)(?P<year>{_YEAR}))(?![\w]|[./-]\d)",
        r"(?<![\w./-])(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\w]|[./-]\d)",
        r"(?<![\w./-])(?P<day>\d{1,2})(?:st|nd|rd|th|\.|º|er)?\s+(?:of\s+|de\s+)?"
        rf"(?P<name>{_MONTH})\b\.?(?:,?\s+(?:de\s+|of\s+)?(?P<year>\d{{4}})(?!\w))?",
        rf"\b(?P<name>{_MONTH})\b\.?\s+(?:the\s+)?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\w]|[./-]\d)"
        r"(?:,?\s+(?P<year>\d{4})(?!\w))?",
        r"(?<![\w./-])(?P<day>\d{1,2})(?:st|nd|rd|th)\b(?!-)"
        r"(?!\s+(?!(?:of|and|or|at|for|to|in|from|until|till|through|if|please|with|then|this|next)"
        r"\b)[^\W\d_])",
    )
)
"""A year first, both orders of day and month, a month by its name before or after the day, and a
day alone: `the 14th`, but not `the 2nd floor`."""

_NUMBER = re.compile(
    r"(?<![\w.,/:-])(?P<currency>[$€£¥]\s?)?"
    r"(?P<digits>\d{1,3}(?:[.,'\u2019\u00a0\u202f ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?)"
    r"(?:\s?(?P<unit>%|[$€£¥]|[^\W\d_]+))?(?![\w/:]|[.,-]\d)"
)
_UNITS = {
    **dict.fromkeys(("$", "usd", "dollar", "dollars", "bucks"), "$"),
    **dict.fromkeys(("€", "eur", "euro", "euros"), "€"),
    **dict.fromkeys(("£", "gbp", "pound", "pounds", "quid"), "£"),
    **dict.fromkeys(("%", "percent", "prozent"), "%"),
}
_MULTIPLES = {"k": 1000}


@dataclass(frozen=True, slots=True)
class Mention:
    """A value in a text, and where it stands."""

    start: int
    end: int
    readings: frozenset[object]
    """All that it may mean; two mentions can be the same if they have a reading in common."""
    unit: str = ""
    """A currency or percent; empty if it names none that is known."""


def dates_in(text: str) -> Iterator[Mention]:
    """Yields the dates with at least a day; a reading is (year or None, month or None, day)."""
    taken: list[Mention] = []
    for pattern in _DATES:
        for found in pattern.finditer(text):
            readings = frozenset(_days(found.groupdict()))
            start, end = found.span()
            if readings and not any(one.start < end and start < one.end for one in taken):
                taken.append(Mention(start, end, readings))
    yield from sorted(taken, key=lambda mention: mention.start)


def same_date(one: Mention, other: Mention) -> bool:
    """Checks whether two dates can be the same; a missing year or month fits every one."""
    return any(
        all(None in parts or len(set(parts)) == 1 for parts in zip(a, b, strict=True))  # type: ignore[call-overload]
        for a in one.readings
        for b in other.readings
    )


def numbers_in(text: str) -> Iterator[Mention]:
    """Yields the numbers: `1,234.50` and `1.234,50` are one, and `1.234` is either of two.

    Neither dates nor ordinals are numbers.
    """
    dates = list(dates_in(text))
    for found in _NUMBER.finditer(text):
        if any(one.start < found.end("digits") and found.start() < one.end for one in dates):
            continue
        word = (found["unit"] or "").lower()
        factor = _MULTIPLES.get(word, 1)
        values = frozenset(value * factor for value in _values(found["digits"]))
        unit = _UNITS.get((found["currency"] or "").strip(), "") or _UNITS.get(word, "")
        end = found.end() if unit or factor > 1 else found.end("digits")
        yield Mention(found.start(), end, values, unit)


def same_number(one: Mention, other: Mention) -> bool:
    """Checks whether two numbers can be the same; without a unit it fits every unit."""
    units = {one.unit, other.unit} - {""}
    return len(units) < 2 and bool(one.readings & other.readings)


def identifier(text: str) -> str:
    """Returns an identifier without its separators, in lower case: `KC-20714` is `kc20714`."""
    return re.sub(r"[\W_]", "", text).casefold()


def alike_identifiers(value: str) -> re.Pattern[str]:
    """Returns a pattern for what is built like an identifier: the same letters before digits."""
    letters = re.match(r"[^\W\d_]*", value.lstrip("#"))
    prefix = letters[0] if letters else ""
    rest = identifier(value.lstrip("#")[len(prefix) :])
    gap = r"[\s\-_/.]?"
    parts = [re.escape(character) for character in prefix]
    parts += [r"\d" if character.isdigit() else r"[^\W\d_]" for character in rest]
    body = gap.join(parts) if len(identifier(value)) < 40 else r"(?!)"
    return re.compile(rf"(?<![\w$€£])(?<!\d[.,/-]){body}(?!\w|[.,/-]\d)", re.IGNORECASE)


def _days(parts: dict[str, str | None]) -> Iterator[tuple[int | None, int | None, int]]:
    year = _year(parts.get("year"))
    if not {"name", "first", "month"} & parts.keys():
        if 1 <= (day := int(parts["day"] or 0)) <= 31:
            yield None, None, day
        return
    if name := parts.get("name"):
        pairs = [(_MONTH_NUMBERS[name.lower()], int(parts["day"] or 0))]
    elif parts.get("first"):
        first, second = int(parts["first"] or 0), int(parts["second"] or 0)
        pairs = [(first, second), (second, first)]
    else:
        pairs = [(int(parts["month"] or 0), int(parts["day"] or 0))]
    for month, day in pairs:
        try:
            date(year or 2024, month, day)  # 2024 has a 29th of February
        except ValueError:
            continue
        yield year, month, day


def _year(text: str | None) -> int | None:
    if not text:
        return None
    digits = int(text.lstrip("'\u2019"))
    return digits if digits >= 100 else 2000 + digits


def _values(digits: str) -> Iterator[Decimal]:
    """Yields what a number can mean: the last mark may be a decimal point or part thousands."""
    plain = re.sub(r"['\u2019\u00a0\u202f ]", "", digits)
    marks = re.findall(r"[.,]", plain)
    grouped = re.fullmatch(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*", plain)
    if not marks or grouped:
        yield Decimal(re.sub(r"[.,]", "", plain))
    if marks and (len(marks) == 1 or marks[-1] != marks[0]):
        whole, _, rest = plain.rpartition(marks[-1])
        yield Decimal(f"{re.sub(r'[.,]', '', whole)}.{rest}")
