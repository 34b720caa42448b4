"""Finds numbers that belong to a person: phones, cards, IBANs, and the ids of orders and accounts.

Prices, dates, times and plain numbers are not among them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from duologue.conversation.messages import Message, Role
from duologue.mining.repeated import remembered
from duologue.validation.personal_data import is_card

PHONE, CARD, IBAN, ORDER = "phone number", "card number", "IBAN", "order number"
Found = tuple[str, str]
"""A kind, and the text as it was written."""

REGIONS: Mapping[str, tuple[str, ...]] = {
    "en": ("US", "GB"),
    "de": ("DE", "AT", "CH"),
    "fr": ("FR", "BE", "CH"),
    "es": ("ES", "MX"),
    "it": ("IT",),
}
"""Countries whose phone numbers people write without a country code, by language."""

_CARD = re.compile(r"(?<![\w-])(?<!\w[.])\d(?:[ .-]?\d){12,18}(?![\w-])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d{2}(?:[ .-]{0,2}[A-Za-z0-9]){11,30}")
_PHONE_CUE = re.compile(
    r"\b(?:phone|mobile|cell|call(?:back)?|reach(?: me)?|text me|sms|whatsapp|tel|telephone|"
    r"fax|handy\w*|"
    r"telefon\w*|mobil\w*|anrufen|erreich\w*|rufnummer|téléphone|portable|appel\w*|joindre|"
    r"teléfono|"
    r"móvil|celular|ll[aá]m\w+|telefono|cellulare|contact)\b",
    re.I,
)
_PHONE_AFTER = re.compile(
    rf"\W{{0,3}}(?:is|ist|est|es|è)\s(?:the|my|meine?|mon|ma|mi|il mio)[^.!?]*{_PHONE_CUE.pattern}",
    re.I,
)
_BARE = re.compile(r"(?<![\w.,-])\+?\d(?:[ ./()-]{0,3}\d){6,14}(?![\w-]|[.,]\d)")

_NOUN = (
    r"(?:order|booking|reservation|reference|ref|customer|client|account|acct|contract|"
    r"invoice|ticket|"
    r"case|policy|tracking|confirmation|membership|member|claim|serial|transaction|parcel|shipment|"
    r"itinerary|pnr|loyalty|passport|licen[cs]e|subscription|device|package|return|rma|"
    r"ssn|social security|national insurance|tax id|"
    r"(?:bestell|auftrags?|kunden|rechnungs?|vertrags?|buchungs?|referenz|sendungs?|vorgangs?|"
    r"konto|"
    r"mitglieds?|versicherungs?|fall|reservierungs?|liefer|ausweis|policen|tracking|ticket|"
    r"kassenbon)-?"
    r"(?:ung|nummer|nr|code|id)?|bestellung|auftrag|rechnung|buchung|sendung|vertrag|paket|"
    r"lieferung|"
    r"commande|réservation|dossier|contrat|facture|référence|suivi|compte|billet|colis|police|"
    r"pedido|reserva|referencia|cliente|contrato|factura|cuenta|seguimiento|expediente|póliza|"
    r"envío|"
    r"ordine|prenotazione|pratica|fattura|contratto)"
)
_SAYS_NUMBER = (
    r"(?:numbers?|num|no|nr|nummer|numéro|número|numero|code|código|id|n[°º]|ref(?:erence)?|\#)"
)
_GLUE = (
    r"(?:is|was|ist|lautet|war|est|es|era|è|sont|son|de|del|do|of|mit der|with|avec|con|the|my|le|"
    r"la|el|und|and|it['’]s)"
)
_ID = (
    r"(?P<id>\d{3,}(?:[ ]\d{3,}){0,3}[ ]\d{2,}(?=\s*(?:[.,;!?)\"”]|$|(?:is|ist|est|es|è)\b))|"
    r"(?=[A-Za-z0-9/_-]*\d[A-Za-z0-9/_-]*\d)[A-Za-z0-9]+(?:[-/_][A-Za-z0-9]+)*|"
    r"(?-i:[A-Z0-9]{5,8}))(?![\w]|[.,]\d|['’]s|[ ]?[€$£%])"
)
_CUED = re.compile(
    rf"\b{_NOUN}s?(?P<sure>(?<=nummer)|(?<=nr)|"
    rf"(?<=code))?\b\.?[ ]{{0,2}}(?P<number>{_SAYS_NUMBER}\b\.?|\#|"
    rf"n[°º]\.?)?[ ]{{0,2}}(?:[:=#(\-–—,]|{_GLUE}\b)?"
    rf"[ ]{{0,2}}(?:{_GLUE}\b)?[:#(\"'„“«]?[ ]{{0,2}}{_ID}",
    re.I,
)
_NUMBERED = re.compile(
    rf"(?<!flight )(?<!train )(?<!room )(?<!model )(?<!gate )(?<!seat )(?<!bus )(?<!vol )"
    rf"(?<!flug)(?<!zug)\b(?:numbers?|nummer|numéro|número|numero)\b[ ]{{0,2}}(?:is|ist|lautet|"
    rf"est|es|è|:|=)+[ ]{{0,2}}{_ID}",
    re.I,
)
_BEFORE = re.compile(
    rf"(?<![\w-]){_ID}[ ,]{{1,3}}(?:is|ist|est|es|è|for|für|pour|para)[ ](?:my|the|meine?|die|"
    rf"mon|ma|le|la|mi|el|il mio)"
    rf"[ ]{_NOUN}\b",
    re.I,
)
_PLAIN = re.compile(
    r"(?<![\w/-])(?:\#(?P<a>\d{4,})|(?P<b>[A-Z]{2,5}[-_/]\d{5,})|(?P<c>[A-Z]{2,5}(?:-\d{2,}){2,})|"
    r"(?P<d>1Z[0-9A-Z]{16})|(?P<e>[A-Z]{2,4}\d{7,}))(?![\w-])"
)
_ASKED = re.compile(
    rf"\b{_NOUN}[ -]{{0,2}}(?:{_SAYS_NUMBER})?\b[^.!\n]{{0,60}}\?|"
    rf"(?:provide|share|send|enter|give|tell|nennen|angeben|geben|schicken|indiquer|donner|fournir|"
    rf"indicar|dar|facilit\w+|proporcion\w+|may i have|can i have|could i have|i(?:'ll|"
    rf" will)? need)\b[^.!?\n]{{0,60}}\b{_NOUN}",
    re.I,
)
_ANY_ID = re.compile(rf"(?<![\w.,/€$£-]){_ID}")
_WORD_WITH_NUMBER = re.compile(r"\d+-?[A-Za-z]?[a-z]+(?:-[a-z]+)*|[A-Za-z]+[ -]?\d{1,3}")
"""As in 24-hour or COVID-19."""
_DATE = re.compile(
    r"(?:19|20)\d\d[-/.]\d{1,2}(?:[-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d|(?:19|"
    r"20)\d\d|"
    r"\d{1,2}[-/]\d{1,2}|(?:19|20)\d\d[-/](?:19|20)?\d\d|\d{1,4}(?:st|nd|rd|th|s|pm|am|h|min|"
    r"kg|g|km|cm|mm|m|l|"
    r"gb|mb|tb|mhz|ghz|w|kw|kwh|mah|v|ml|mg|x\d+|p|k|eur|usd|gbp)|\d{1,2}(?:am|"
    r"pm)?-\d{1,2}(?:am|pm)?",
    re.I,
)


@remembered
def numbers_in(text: str, language: str | None, region: str) -> Iterator[Found]:
    """Finds a text's phone, card and IBAN numbers, and ids with a cue or an unmistakable form."""
    taken: list[tuple[int, int]] = []
    for kind, find in ((IBAN, _ibans), (CARD, _cards)):
        for start, end in find(text):
            taken.append((start, end))
            yield kind, text[start:end]
    phones = ((PHONE, *span) for span in _phones(text, language, region))
    cued = ((ORDER, *span) for span in _ids(text, (_CUED, _BEFORE)))
    other = ((ORDER, *span) for span in _ids(text, (_NUMBERED, _PLAIN)))
    for kind, start, end in (*cued, *phones, *other):
        if not _overlaps(taken, start, end):
            taken.append((start, end))
            yield kind, text[start:end]


def answered_numbers(messages: Sequence[Message]) -> Iterator[Found]:
    """Finds the ids that a user gives because the chatbot asks for one."""
    asked = ""
    for message in messages:
        if message.role is Role.ASSISTANT:
            asked = message.text
        elif asked and _ASKED.search(asked):
            for match in _ANY_ID.finditer(message.text):
                if _is_id(match["id"], is_sure=len(message.text.split()) <= 6):
                    yield ORDER, match["id"]


def _overlaps(taken: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    return any(start < other_end and other < end for other, other_end in taken)


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _CARD.finditer(text):
        if is_card(re.sub(r"\D", "", match[0])):
            yield match.span()


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    from stdnum import iban

    for match in _IBAN.finditer(text):
        found = match[0]
        # The words after it may look like a part of it.
        for end in range(len(found), 14, -1):
            if found[end - 1].isalnum() and iban.is_valid(re.sub(r"[ .-]", "", found[:end])):
                yield match.start(), match.start() + end
                break


def _phones(text: str, language: str | None, region: str) -> Iterator[tuple[int, int]]:
    if sum(map(str.isdigit, text)) < 7:
        return
    regions = tuple(dict.fromkeys((region or "US", *REGIONS.get(language or "", ()))))
    every = tuple(dict.fromkeys((*regions, *(one for some in REGIONS.values() for one in some))))
    for match in _BARE.finditer(text):
        start, number = match.start(), match[0]
        if text[start - 1 : start] == "(":
            start -= 1
            number = text[start : match.end()]
        digits = re.sub(r"\D", "", number)
        before = text[max(0, start - 60) : start]
        has_cue = bool(_PHONE_CUE.search(before) or _PHONE_AFTER.match(text[match.end() :][:50]))
        if _looks_dated(number) or before.rstrip()[-1:] in tuple("€$£#"):
            continue
        if number.startswith("+") or digits.startswith("00"):
            is_phone = _is_phone(number, ("US",)) or 9 <= len(digits) <= 15
        elif has_cue:
            is_phone = _is_phone(number, every) or (9 <= len(digits) <= 13 and digits[0] == "0")
        elif number.isdigit():
            is_phone = digits[0] == "0" and len(digits) >= 10 and _is_phone(number, every)
        else:
            is_phone = _is_grouped(number) and _is_phone(
                number, every if digits[0] == "0" else regions
            )
        if is_phone:
            yield start, match.end()


def _looks_dated(number: str) -> bool:
    return any(_DATE.fullmatch(part) for part in (number, *number.split()) if len(part) > 5)


def _is_grouped(number: str) -> bool:
    groups = [len(one) for one in re.findall(r"\d+", number)]
    return len(groups) >= 2 and max(groups) >= 2


@lru_cache(maxsize=4096)
def _is_phone(number: str, regions: tuple[str, ...]) -> bool:
    import phonenumbers

    for region in regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return True
    return False


def _ids(text: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[tuple[int, int]]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            if pattern is _PLAIN:
                yield match.span(str(match.lastgroup))
            elif _is_id(
                match["id"], pattern is not _CUED or match["number"] or match["sure"] is not None
            ):
                yield match.span("id")


def _is_id(value: str, is_sure: object) -> bool:
    """Checks whether what follows a cue is an id: not a date, an amount, a number or a word."""
    digits = sum(map(str.isdigit, value))
    letters = sum(map(str.isalpha, value))
    if _DATE.fullmatch(value) or len(value) > 40:
        return False
    if not digits:
        return bool(is_sure) and value.isupper() and len(value) == 6
    if letters:
        if _WORD_WITH_NUMBER.fullmatch(value):
            return False
        return len(value) >= 5 and (digits >= 4 or value.isupper() or bool(is_sure))
    return digits >= (4 if is_sure else 5)
