"""A rule on personal data."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from duologue.conversation.messages import Message
from duologue.settings.rules import PHONE_REGION
from duologue.validation.rule import Expectations, Finding

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

# The part from the @ on first: a pattern that starts with a character is quick to search for.
_DOMAIN = re.compile(r"@(?P<domain>(?:[\w-]{1,63}\.){1,8}[a-z]{2,24})\b", re.I)
_MAILBOX = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}\Z")
# Reserved for examples (RFC 2606), so they belong to nobody.
_NOBODYS_DOMAIN = re.compile(r"(?:.*\.)?(?:example\.(?:com|org|net)|example|test|invalid)", re.I)

CARD = re.compile(r"(?<![\w-])(?:\d[ -]?){12,18}\d(?![\w-])")
# The issuers' prefixes with the lengths they go with: Visa; Mastercard; American Express;
# Discover; JCB; Diners Club; UnionPay.
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|"
    r"35\d{14}|3[068]\d{12}|62\d{14,17}"
)
_IBAN = re.compile(r"[A-Z]{2}(?<!\w..)\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
_SEVEN_DIGITS = re.compile(r"\d(?:[\s().\u2011-]{0,3}\d){6}")
"""All such numbers have at least seven digits with only spaces and punctuation between them."""
_DIGITS = re.compile(r"\d(?:[^\w\n]{0,4}\d){6,}")
_FIGURES = bytes(48 if chr(i).isdigit() and i < 128 else 120 for i in range(256))
_BETWEEN = bytes(i for i in range(128) if not (chr(i).isalnum() or chr(i) in "_\n"))
_LEAD = ("+", "\uff0b", "(", "\uff08", "[", "\uff3b")
"""Bare digits are no phone number, unless one of these stands before them."""


def personal_data(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    phone_region: str = PHONE_REGION,
) -> Iterator[Finding]:
    """Catches an e-mail address, a phone number, a card's number or an IBAN in a message.

    phonenumbers, Google's library, recognises phone numbers; python-stdnum checks IBANs and card
    numbers. Toll-free numbers, numbers with 555, and the domains that RFC 2606 reserves for
    examples belong to nobody. Known false positives: businesses' addresses and numbers, and
    invented ones that happen to be well formed.
    """
    for index, message in enumerate(messages):
        kinds = _kinds(message.text, phone_region)
        if kinds:
            yield Finding(index, f"holds {' and '.join(kinds)}")


def _kinds(text: str, region: str) -> list[str]:
    kinds = ["an e-mail address"] if "@" in text and _has_email(text) else []
    numbers = list(_DIGITS.finditer(text)) if _may_hold_numbers(text) else []
    if numbers and _SEVEN_DIGITS.search(text):
        found = {
            "a card's number": _has_card(text) if any(map(_is_long, numbers)) else False,
            "an IBAN": _has_iban(text),
            "a phone number": _has_phone(text, numbers, region),
        }
        kinds += [kind for kind, is_there in found.items() if is_there]
    return kinds


def _may_hold_numbers(text: str) -> bool:
    # Without what may stand between digits, seven are in a row. To look for them takes a fifth of
    # the time of the pattern.
    return not text.isascii() or b"0000000" in text.encode().translate(_FIGURES, _BETWEEN)


def _is_long(number: re.Match[str]) -> bool:
    return number.end() - number.start() >= 13


def _has_email(text: str) -> bool:
    return any(not _NOBODYS_DOMAIN.fullmatch(email.partition("@")[2]) for email in emails(text))


def emails(text: str) -> Iterator[str]:
    """Yields the e-mail addresses in a text."""
    for found in _DOMAIN.finditer(text):
        if mailbox := _MAILBOX.search(text[max(found.start() - 65, 0) : found.start()]):
            yield mailbox[0] + found[0]


def _has_card(text: str) -> bool:
    return any(is_card(re.sub("[ -]", "", number[0])) for number in CARD.finditer(text))


def is_card(digits: str) -> bool:
    """Checks a card's number: the issuer's prefix, the length, and the check digit."""
    from stdnum import luhn

    return bool(_ISSUED.fullmatch(digits)) and luhn.is_valid(digits)


def _has_iban(text: str) -> bool:
    from stdnum import iban

    return any(iban.is_valid(number[0]) for number in _IBAN.finditer(text))


def _has_phone(text: str, numbers: Sequence[re.Match[str]], region: str) -> bool:
    return any(
        _is_phone(text[max(number.start() - 3, 0) : number.end() + 3], region)
        for number in numbers
        if not (number[0].isdigit() and text[number.start() - 1 : number.start()] not in _LEAD)
    )


@lru_cache(maxsize=4096)
def _is_phone(number: str, region: str) -> bool:
    import phonenumbers

    nobodys = {
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.UAN,
    }
    # Grouped as people write them, or with a country code: bare digits are more likely an order
    # number.
    grouped = phonenumbers.Leniency.STRICT_GROUPING
    return any(
        not match.raw_string.isdigit()
        and not _is_fictional(match.number)
        and phonenumbers.number_type(match.number) not in nobodys
        for match in phonenumbers.PhoneNumberMatcher(number, region or None, leniency=grouped)
    )


def _is_fictional(number: "PhoneNumber") -> bool:
    """Reports whether it is a North American number reserved for films, such as 212-555-0123."""
    return number.country_code == 1 and str(number.national_number)[3:6] == "555"
