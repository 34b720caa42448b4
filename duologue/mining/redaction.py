"""Replaces personal data by invented values of the same kind, the same in a whole conversation."""

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random

from duologue.conversation.messages import Message
from duologue.mining.addresses import addresses_in, set_apart
from duologue.mining.names import AMBIGUOUS, LOCALES, is_first_name, names_in
from duologue.mining.names_in_scripts import full_names, is_joined, language_of
from duologue.mining.numbers import (
    CARD,
    IBAN,
    ORDER,
    PHONE,
    REGIONS,
    answered_numbers,
    numbers_in,
)
from duologue.settings.mining import MiningSettings
from duologue.traffic.candidates import RealConversation
from duologue.validation.usual_words import usual_language

NAME, ADDRESS = "name", "e-mail address"
MOST_TRIES = 400
"""Attempts to find a valid value. After them, any value of the right form will do."""
_HANDLE_END = "com", "net", "org"
_AS_A_NAME = r"(?=\s*(?:[,.!?;:)\n]|\Z|['’]s)|\s+(?-i:[A-Z]))"
"""What follows a name that is also an ordinary word, as in `Will, …` but not `Will you …`."""
_OTHER_SCRIPTS = {"ru": "ru_RU", "uk": "uk_UA", "ar": "ar_AA", "hi": "hi_IN"}
SEPARATORS = r" ./()_\-"
WIDE_SEPARATORS = SEPARATORS + "\u2011"
"""With the hyphen that does not break, which makes a pattern take six times as long to compile."""
Swap = Callable[[str], str]


class Redactor:
    """Redacts conversations, and counts what it replaced."""

    def __init__(self, settings: MiningSettings) -> None:
        self.counts: Counter[str] = Counter()
        """Different values that were replaced, by kind; each conversation counts its own."""
        self._settings = settings
        self._ids: dict[str, str] = {}
        """Of ids that held personal data, by the original."""
        self._made: Counter[str] = Counter()
        self._own = {name: re.compile(text) for name, text in settings.own_patterns.items()}

    def redacted(self, conversation: RealConversation) -> RealConversation:
        """Returns a conversation without personal data. Only its id and texts are kept.

        The same value becomes the same invented one in all messages, however it is spaced or
        written. Which one depends on `random_seed` and the conversation's id only.
        """
        swaps = _Swaps(Random(f"{self._settings.random_seed}:{conversation.id}"))
        messages = conversation.messages
        text = "\n".join(message.text for message in messages)
        language = usual_language(text)
        swaps.language = language or "en"
        for words in names_in(messages, conversation.names):
            swaps.add_name(words)
        for one in (*(message.text for message in messages), conversation.id):
            apart = set_apart(one)
            for address in addresses_in(apart):
                swaps.add_email(address)
            for name, pattern in self._own.items():
                for match in pattern.finditer(one):
                    swaps.add_number(name, match[0])
            for kind, found in numbers_in(apart, language, self._settings.phone_region):
                swaps.add_number(kind, found)
        for kind, found in answered_numbers(messages):
            swaps.add_number(kind, found)
        self.counts.update(swaps.counts)
        swap = swaps.swap(WIDE_SEPARATORS if "\u2011" in text else SEPARATORS)
        return replace(
            conversation,
            id=self._new_id(conversation.id, swap(conversation.id)),
            messages=tuple(Message(role=one.role, text=swap(one.text)) for one in messages),
            names=(),
        )

    def _new_id(self, original: str, swapped: str) -> str:
        """Returns an id without personal data, numbered if another conversation has it already."""
        if swapped == original:
            return original
        if original not in self._ids:
            self._made[swapped] += 1
            times = self._made[swapped]
            self._ids[original] = swapped if times == 1 else f"{swapped}-{times}"
        return self._ids[original]


class _Swaps:
    """The replacements in one conversation."""

    def __init__(self, rng: Random) -> None:
        self.language = "en"
        self.counts: Counter[str] = Counter()
        self._rng = rng
        self._words: dict[str, str] = {}
        """Words of names, in lower case."""
        self._as_found: dict[str, set[str]] = {}
        self._emails: dict[str, str] = {}
        self._numbers: dict[str, tuple[str, bool]] = {}
        """By letters and digits of a number: its text, and whether it may follow a country code."""

    def add_name(self, words: Sequence[str]) -> None:
        """Invents a name of the same length."""
        self.counts[NAME] += any(word.lower() not in self._words for word in words)
        for place, word in enumerate(words):
            plain = word.lower()
            self._as_found.setdefault(plain, set()).add(word)
            if plain not in self._words and len(plain) > 1:
                is_last = place > 0 or (len(words) == 1 and not is_first_name(word))
                self._words[plain] = self._invented(plain, is_last)

    def _invented(self, plain: str, is_last: bool) -> str:
        if is_joined(plain):
            choices = full_names(language_of(plain))
        else:
            choices = _people(_written_like(plain, self.language))[2 if is_last else _gender(plain)]
        taken = {*self._words, *(one.lower() for one in self._words.values())}
        free = [one for one in choices if one.lower() not in taken and " " not in one]
        return self._rng.choice(free or list(choices))

    def add_email(self, found: str) -> None:
        """Invents an address at a domain that belongs to nobody (RFC 2606)."""
        key = found.lower()
        if key in self._emails:
            return
        self.counts[ADDRESS] += 1
        local = re.split(r"%40|[@\s(\[{]", found)[0]
        parts = [self._words.get(one) for one in re.split(r"[\W_\d]+", local.lower())]
        names = [_ascii(one) for one in parts if one]
        first, last = _people(self.language)[self._rng.randrange(2)], _people(self.language)[2]
        while len(names) < 2 and not (names and len(parts) == 1):
            names.append(_ascii(self._rng.choice((first, last)[len(names)])))
        digits = "".join(str(self._rng.randrange(10)) for one in local if one.isdigit())
        self._emails[key] = f"{'.'.join(names)}{digits}@example.{self._rng.choice(_HANDLE_END)}"

    def add_number(self, kind: str, found: str) -> None:
        """Invents a number of the same form."""
        plain = _alphanumerics(found)
        if not plain or plain.upper() in self._numbers:
            return
        self.counts[kind] += 1
        national = _national(found, plain, self.language) if kind == PHONE else ""
        if national in self._numbers:
            end = self._numbers[national][0]
            self._numbers[plain.upper()] = (plain[: -len(end)] + end, False)
            return
        made = _INVENT.get(kind, _any_id)(found, plain, self._rng, self.language)
        self._numbers[plain.upper()] = (made, False)
        if national:
            # Its last digits are the same in every way to write it.
            tail = min(len(national), len(plain))
            self._numbers.setdefault(national, (made[-tail:], True))

    def swap(self, separators: str) -> Swap:
        """Returns what replaces everything at once, so that no invented value is replaced again.

        Args:
            separators: what may be between the digits of a number; characters of a pattern.
        """
        patterns = [
            *(re.escape(one) for one in sorted(self._emails, key=len, reverse=True)),
            *(
                _spaced(one, self._numbers[one][1], separators)
                for one in sorted(self._numbers, key=len, reverse=True)
            ),
            *(_whole(one) for one in sorted(self._words, key=len, reverse=True)),
        ]
        if not patterns:
            return lambda text: text
        everything = re.compile("|".join(patterns), re.I)
        return lambda text: everything.sub(lambda match: self._replaced(match[0]), text)

    def _replaced(self, found: str) -> str:
        if (plain := found.lower()) in self._emails:
            return self._emails[plain]
        if plain in self._words:
            return self._cased(found, plain)
        made = iter(self._numbers[_alphanumerics(found).upper()][0])
        return "".join(
            (one.lower() if letter.islower() else one) if letter.isalnum() else letter
            for letter in found
            for one in ([next(made)] if letter.isalnum() else [letter])
        )

    def _cased(self, found: str, plain: str) -> str:
        made = self._words[plain]
        if found.isupper() and len(found) > 1:
            return made.upper()
        if not found.islower():
            return made
        is_name = found in self._as_found[plain] or (
            is_first_name(found) and found not in AMBIGUOUS
        )
        return made.lower() if is_name else found


def _alphanumerics(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _ascii(name: str) -> str:
    import unicodedata

    plain = unicodedata.normalize("NFKD", name.lower().replace("ß", "ss"))
    return "".join(one for one in plain if one in string.ascii_lowercase)


def _spaced(plain: str, is_national: bool, separators: str) -> str:
    """Returns a pattern of a number, however its characters are grouped."""
    before = "" if is_national else r"(?<![A-Za-z0-9])"
    return before + rf"[{separators}]{{0,3}}".join(map(re.escape, plain)) + r"(?![A-Za-z0-9])"


def _whole(name: str) -> str:
    """Returns a pattern of a word of a name."""
    if is_joined(name):  # its neighbours are letters
        return re.escape(name)
    after = _AS_A_NAME if name in AMBIGUOUS else ""
    return rf"(?<!\w){re.escape(name)}(?!\w|-\w)(?!['’]\w\w)" + after


@lru_cache(maxsize=8)
def _people(language: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Returns first names of women and of men, and last names."""
    import importlib

    locale = {**LOCALES, **_OTHER_SCRIPTS}.get(language, LOCALES["en"])
    people = importlib.import_module(f"faker.providers.person.{locale}").Provider
    if language in _OTHER_SCRIPTS:
        female, male = people.first_names_female, people.first_names_male
        return _single(female), _single(male), _single(people.last_names)
    return (
        tuple(filter(is_first_name, people.first_names_female)),
        tuple(filter(is_first_name, people.first_names_male)),
        tuple(one for one in people.last_names if one.isalpha() and one.lower() not in AMBIGUOUS),
    )


def _single(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in names if one and " " not in one)


def _written_like(name: str, language: str) -> str:
    """Returns a language whose names are in the same script; the text's own if it can be."""
    if re.search(r"[\u0400-\u04ff]", name):
        return language if language in ("ru", "uk") else "ru"
    if re.search(r"[\u0600-\u06ff]", name):
        return "ar"
    if re.search(r"[\u0900-\u097f]", name):
        return "hi"
    return language if language in LOCALES else "en"


@lru_cache(maxsize=10_000)
def _gender(plain: str) -> int:
    """Returns 0 for a first name of women, 1 for other ones."""
    return next(
        (
            gender
            for language in LOCALES
            for gender in (0, 1)
            if plain in {one.lower() for one in _people(language)[gender]}
        ),
        1,
    )


def _national(found: str, plain: str, language: str) -> str:
    """Returns a phone number without its country code and its leading zeros."""
    import phonenumbers

    for region in ("US", *REGIONS.get(language, ()), "DE", "FR", "ES", "GB"):
        try:
            parsed = phonenumbers.parse(found, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return str(phonenumbers.national_significant_number(parsed))
    return plain.lstrip("0")


def _phone(found: str, plain: str, rng: Random, language: str) -> str:
    import phonenumbers

    national = _national(found, plain, language)
    kept = len(plain) - len(national) + min(3, len(national) // 3)
    made = plain
    for _ in range(MOST_TRIES):
        made = plain[:kept] + "".join(rng.choice(string.digits) for _ in plain[kept:])
        written = f"+{made.lstrip('0')}" if found.lstrip().startswith(("+", "00")) else made
        regions = ("US", *REGIONS.get(language, ()), "DE", "FR", "ES", "GB")
        try:
            is_valid = any(
                phonenumbers.is_valid_number(phonenumbers.parse(written, region))
                for region in regions
            )
        except phonenumbers.NumberParseException:
            break
        if made != plain and is_valid:
            break
    return made


def _card(_found: str, plain: str, rng: Random, _language: str) -> str:
    from stdnum import luhn

    while True:
        body = plain[:4] + "".join(rng.choice(string.digits) for _ in plain[4:-1])
        made = body + str(luhn.calc_check_digit(body))
        if made != plain:
            return made


def _iban(_found: str, plain: str, rng: Random, _language: str) -> str:
    from stdnum import iban
    from stdnum.iso7064 import mod_97_10

    country = plain[:2].upper()
    made = plain
    for _ in range(MOST_TRIES):
        body = "".join(_like(one, rng) for one in plain[4:].upper())
        made = country + mod_97_10.calc_check_digits(body + country) + body
        if iban.is_valid(made):
            break
    return made


def _any_id(found: str, plain: str, rng: Random, _language: str) -> str:
    """Changes the digits, and those letters that are no word such as ORD."""
    words = {
        place
        for match in re.finditer(r"[A-Za-z]{2,}(?=[-/_ ]|\d{4,})", found)
        for place in range(*match.span())
    }
    kept = [place in words for place, one in enumerate(found) if one.isalnum()]
    if all(kept):
        kept = [False] * len(plain)
    for _ in range(MOST_TRIES):
        made = "".join(
            one if is_kept else _like(one, rng, place == 0)
            for place, (one, is_kept) in enumerate(zip(plain, kept, strict=True))
        )
        if made != plain:
            break
    return made


def _like(letter: str, rng: Random, is_first: bool = False) -> str:
    if letter.isdigit():
        return rng.choice("123456789" if is_first and letter != "0" else string.digits)
    return rng.choice(string.ascii_uppercase if letter.isupper() else string.ascii_lowercase)


_INVENT = {PHONE: _phone, CARD: _card, IBAN: _iban, ORDER: _any_id}
