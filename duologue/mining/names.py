"""Finds people's names in conversations: after a cue, in a salutation, or by lists of names.

The lists of first and last names are Faker's. A name alone, without a cue, is found only if it is a
first name that is followed by a last name.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from duologue.conversation.messages import Message, Role
from duologue.mining.names_in_scripts import names_in_scripts
from duologue.mining.repeated import remembered
from duologue.validation.usual_words import is_usual_word

LOCALES = {"en": "en_US", "de": "de_DE", "fr": "fr_FR", "es": "es_ES", "it": "it_IT"}
_MORE_LISTS = "en_GB", "nl_NL", "pt_PT"
_LONGER_LISTS = "pt_BR", "pl_PL", "ru_RU", "uk_UA", "cs_CZ", "en_IN", "yo_NG"
"""Of their names only those of at least 4 letters that are no ordinary words count."""

# Names that are also ordinary words, months, places or brands: a list alone does not decide them.
_AMBIGUOUS_WORDS = (
    "will mark may rose grace hope faith joy art bill frank rich grant chase drew dean june "
    "april august summer autumn dawn eve page sky star sunny melody harmony destiny trinity "
    "angel precious jean christian virginia carolina georgia florence charlotte victoria paris "
    "sydney austin dallas jordan israel chelsea brooklyn madison savannah lincoln jackson "
    "houston santiago san sofia lourdes dolores consuelo mercedes alexa siri cortana pilar cruz "
    "santos jack max sandy ray gene pat rob sue guy miles ford royce carter hunter tanner mason "
    "taylor morgan logan walker spencer carmen flora viola iris jade ruby pearl amber crystal "
    "olive ginger heather holly ivy lily daisy violet penny stone best young long short king "
    "prince bishop pope major day week love storm grande real costa villa stella roma milan "
    "lorraine alma luz paz mar sol amor blanca rocio reyes man do so an in an la le de el van "
    "von mai juli juni dies bean park green brown black white gray french english german "
    "spanish italian irish welsh dutch wood woods hill hills field fields lake rivers banks "
    "west east north south church bell said love lot hope lily ivy dominion heaven nova saga vega "
    "mare mars marina lada raja bali hana mahal prime star true happy "
)
AMBIGUOUS = frozenset(_AMBIGUOUS_WORDS.split())
_NOT_A_NAME_WORDS = (
    "there all everyone everybody team support sir madam customer service friend guys folks "
    "again and the a an i i'm im it is my me we you not just from with calling writing here in "
    "at on for to of but so please thanks thank sorry yes no ok okay hello hi hey dear help "
    "agent bot assistant chat looking trying having interested happy sure going still unable "
    "about very also und der die das ich bin ist nicht aus mit bei hallo danke bitte ja nein "
    "zusammen liebe lieber damen herren kundenservice kundendienst support leute mein meine "
    "herr frau doktor et je suis le la les un une pas de bonjour merci oui non monsieur madame "
    "messieurs mesdames service client equipe équipe tous toutes y yo soy el los las un una no "
    "de hola gracias por favor si sí senor señor señora señores equipo cliente atención buenos "
    "buenas mr mrs ms miss dr hiring manager recipient valued sales editor reader account "
    "number booking order email phone name ticket hotel restaurant train flight today tomorrow "
    "good great fine new old morning afternoon evening alexa siri google chatgpt claude idea "
    "sure clue matter problem thing nothing none wait moment later not never maybe vellum "
    "я это ik jestem sou jag jsem "
    "python java both any some this that what how when where why who which "
)
_NOT_A_NAME = frozenset(_NOT_A_NAME_WORDS.split())
_NAME = r"[^\W\d_](?:[\w'’.-]*\w)?"
_PARTICLE = r"(?:von|van|de|del|della|di|da|la|le|der|den|du|dos|bin|al|el|ter|zu|y)"
_CAPITAL = r"(?:O['’])?(?=[^\W\d_a-zà-öø-ÿ])[^\W\d_](?:\.|(?:[\w'’-]*\w)?)"
_FULL = rf"{_CAPITAL}(?:[ ](?:{_PARTICLE}[ ]){{0,2}}{_CAPITAL}){{0,3}}"
_ANY = rf"{_NAME}(?:[ ](?:{_PARTICLE}[ ]){{0,2}}{_NAME}){{0,3}}"
_TITLE = (
    r"(?:mrs?|ms|miss|mx|dr|prof|herrn?|frau|mme|mlle|monsieur|madame|sra?|srta|señora?|señorita|"
    r"don|doña|signor(?:a|e)?)\.?"
)

# The user says it, so the name follows in any case.
_SURE = re.compile(
    rf"""\b(?:
    my\ (?:full\ |last\ |first\ |family\ |sur|user)?name(?:['’]s|\ is|\ here\ is|:)
    | (?:they|people|everyone|friends)\ calls?\ me | you\ can\ call\ me | call\ me(?!\ (?:at|on
        |back|when|if|under))
    | mein\ (?:vor|nach|familien)?name\ (?:ist|lautet) | ich\ hei(?:ß|ss)e
    | je\ m['’]appelle | mon\ (?:pré)?nom\ (?:est|c['’]est) | mon\ nom\ de\ famille\ est
    | me\ llamo | mi\ (?:nombre|apellido)\ (?:completo\ )?es
    | mi\ chiamo | il\ mio\ nome\ è
    | me\ chamo | chamo-me | meu\ (?:sobre)?nome(?:\ completo)?\ é
    | mijn\ (?:voor|achter)?naam\ is | ik\ heet
    | nazywam\ się | mam\ na\ imię | moje\ (?:imię|nazwisko)\ to | jmenuji\ se | mé\ jméno\ je
    | меня\ зовут | мо[её]\ имя | моя\ фамилия | мене\ звати | мене\ звуть | моє\ ім['’]я
    | jag\ heter | jeg\ hedder | jeg\ heter | mitt\ namn\ är
    )\ {{0,2}}(?:{_TITLE}\ )?(?P<name>{_ANY})""",
    re.I | re.X,
)
# A name follows if it is written as one.
_LABELLED = re.compile(
    rf"""\b(?:
    (?<!their\ )(?<!its\ )(?:(?:full|last|first|family|given|customer|guest|passenger
        |sur)['’s]*\ ?)?name(?:['’]s|\ is|\ ?[:=])
    | (?:account|card|policy)\ ?holder(?:['’]s\ name)?(?:\ is|:) | under\ the\ name(?:\ of)?
    | in\ the\ name\ of | name\ on\ (?:the|my)\ \w+(?:\ is|:) | on\ behalf\ of 
        | passengers?(?:\ is|:)
    | auf\ den\ namen(?:\ von)? | (?:vor|nach)name: | im\ namen\ von | der\ name\ ist
    | au\ nom\ de | (?:pré)?nom\ ?: | a\ nombre\ de | nombre\ ?: | a\ nome\ di
    | em\ nome\ d[eao] | op\ (?:de\ )?naam(?:\ van)? | na\ nazwisko | имя: | фамилия: | на\ имя
    | imię(?:\ i\ nazwisko)?: | adına | adım | ismim
    )[ *]{{0,4}}(?:{_TITLE}\ )?(?P<name>(?-i:{_FULL})|{_NAME}(?=\s*(?:[,.!?\n]|$)))""",
    re.I | re.X,
)
# The name follows if it is one.
_PERHAPS = re.compile(
    rf"""\b(?:i['’]?m|i\ am|this\ is|it['’]?s|ich\ bin(?:\ (?:der|die))?|hier\ (?:ist|spricht)
    |je\ suis|c['’]est(?:\ encore)?|ici|aqui\ é(?:\ [oa])?|sou(?:\ [oa])?|ik\ ben
    |(?:u|je)\ spreekt\ met|dit\ is|jestem|mówi|это|я|soy|aquí|habla|sono
    |speak(?:ing)?\ (?:to|with)|thanks?,?|thx,?|thank\ you,?
    |merci,?|gracias,?|danke,?|regards,?|cheers,?|best,?|sincerely,?|yours,?
    |mfg,?|[lv]g,?|gr(?:u|ü)(?:ß|ss)e?n?,?
    |hi|hello|hey|dear|good\ (?:morning|afternoon|evening),?|hallo|liebe[rs]?|guten\ (?:tag|morgen
        |abend),?
    |moin|servus|olá|oi|cześć|witam|привет|здравствуйте
    |bonjour|bonsoir|salut|salve|chère?|hola|buen[oa]s\ (?:días|tardes|noches),?
        |estimad[oa]|querid[oa]
    |ciao|buongiorno|gentile|caro|cara)
    ,?\ {{1,2}}(?P<name>(?-i:{_FULL})|{_NAME}(?:\ {_NAME})?(?=\s*(?:[,.!?\n]|$)))""",
    re.I | re.X,
)
# Whoever is greeted, whatever the name.
_GREETED = re.compile(
    rf"(?:^|\n|[.!] )(?i:hi|hello|hey|dear|hallo|liebe[rs]?|bonjour|chère?|hola|estimad[oa]|"
    rf"ciao|gentile) "
    rf"(?P<name>{_FULL})(?=[,!]| ?\n)|"
    rf"(?:^|\n|[.!] )(?i:hi|hello|hey|hallo|hola|salut)[,!.]? (?P<caller>{_FULL}) (?:here|hier)\b"
)
_TITLED = re.compile(
    rf"\b(?!MS|MX)(?P<title>(?i:{_TITLE}))\ (?:(?i:{_TITLE})\ ){{0,3}}(?:{_PARTICLE}\ ){{0,2}}"
    rf"(?P<name>{_FULL})"
)
_SURE_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "herr",
        "herrn",
        "frau",
        "mme",
        "mlle",
        "monsieur",
        "madame",
    ]
)
_SIGNED = re.compile(
    r"(?:regards|wishes|cheers|thanks|thank you|sincerely|best|yours|grüße[n]?|gruß|gruss|"
    r"grüsse|vg|lg|"
    r"obrigad[oa]|atenciosamente|cumprimentos|abraços|groet(?:en|jes)?|mvg|pozdrawiam|"
    r"(?:z )?poważaniem|уважением|спасибо|дякую|повагою|saygılarımla|teşekkürler|hälsningar?|mvh|"
    r"s pozdravem|mfg|cordialement|bien à vous|salutations|saludos|atentamente|un saludo|"
    r"saluti)[ ]*[,.!]?[ ]*\n+\s*"
    rf"(?-i:(?P<name>{_FULL}|{_NAME}))\s*\Z",
    re.I,
)
# In one line, at the end.
_SIGNED_OFF = re.compile(
    rf"\b(?i:regards|sincerely|yours|cordialement|atentamente|grüßen|groet(?:en)?|pozdrawiam),[ ]"
    rf"(?P<name>{_FULL})\s*\Z"
)
# A person whom the user knows.
_RELATED = re.compile(
    rf"""\b(?i:my|your|our|his|her)\ (?:\w+\ )?(?:wife|husband|son|daughter|mother|father|mom|mum
    |dad|brother|sister|friend|colleague|boss|neighbou?r|partner|assistant|manager|boyfriend
    |girlfriend|uncle|aunt|cousin|roommate|flatmate|fiancée?|grandmother|grandfather|grandson
    |granddaughter|nephew|niece)s?,?\ (?:named\ |called\ )?(?:{_TITLE}\ )?(?P<name>{_FULL})
    |\b(?i:meine?[mnr]?|ihre?[mnr]?)\ (?:Mann|Frau|Sohn|Tochter|Mutter|Vater|Bruder|Schwester
    |Freund(?:in)?|Kolleg(?:en?|in)|Chef(?:in)?|Nachbarn?(?:in)?|Partner(?:in)?),?
    \ (?P<caller>{_FULL})
    """,
    re.X,
)
_PAIR = re.compile(rf"(?<!\w)(?P<name>{_CAPITAL}(?:[ ](?:{_PARTICLE}[ ]){{0,2}}{_CAPITAL}){{1,3}})")
_HERE = re.compile(rf"(?:^|\n|[,.!] )(?P<name>{_FULL})\ (?:here|speaking|hier|am\ apparat)\b")
_ASKED = re.compile(
    r"\b(?:your|ihren?|ihre?n?|deinen?|votre|vos|ton|su|tu|il suo|passenger'?s?|guest'?s?|"
    r"holder'?s?|full|"
    r"last|first|complete|which|what|under what|whose)\b[^.?!\n]{0,30}?"
    r"\b(?:sur|last|first|full |vor|nach|pré)?(?:names?|namen?|nom|nombre|apellidos?|nome)\b"
    r"(?!\s+of\s+the\s+(?:hotel|restaurant|product|place|city|store|shop|company))",
    re.I,
)
_LEAD_IN = re.compile(
    r"^(?:(?:it['’]?s|it is|sure|certainly|yes|yeah|ok|okay|of course|ja|gerne?|natürlich|"
    r"klar|oui|bien sûr|"
    r"sí|si|claro|por supuesto|es|ist|c['’]est|das ist|certo)[,:!.]?\s+)+(?:it['’]?s |it is |"
    r"es ist )?",
    re.I,
)
_INTRODUCED = re.compile(
    r"(?:^|\n|[,.!] ?)(?i:this is|hier ist|hier spricht|je suis|c['’]est|ici|soy|habla|sono|"
    r"i['’]m|i am|ich bin|ik ben|(?:u|je) spreekt met|dit is|sou|jestem|mówi|это|я|ben|"
    r"jag är|jsem) "
    rf"(?P<name>{_CAPITAL} (?:{_PARTICLE} ){{0,2}}{_CAPITAL})"
    r"(?=\s*(?:[,.!?\n]|$)|\s+(?:from|calling|here|speaking|and|aus|von|und|de|et|y|to be)\b)"
)
_CONTRACTED = re.compile(r"['’](?:d|ll|m|re|s|ve|t)$", re.I)
_MOST_WORDS_OF_AN_ANSWER = 8


@lru_cache(maxsize=1)
def _lists() -> tuple[frozenset[str], frozenset[str]]:
    """Returns first and last names of several languages, in lower case."""
    import importlib

    first: set[str] = set()
    last: set[str] = set()
    for locale in (*LOCALES.values(), *_MORE_LISTS):
        people = importlib.import_module(f"faker.providers.person.{locale}").Provider
        first |= {one.lower() for one in people.first_names}
        last |= {one.lower() for one in people.last_names}
    for locale in _LONGER_LISTS:
        people = importlib.import_module(f"faker.providers.person.{locale}").Provider
        first |= {one.lower() for one in people.first_names if _is_longer(one)}
        last |= {one.lower() for one in people.last_names if _is_longer(one)}
    return frozenset(first), frozenset(last)


def _is_longer(name: str) -> bool:
    return len(name) >= 4 and not is_usual_word(name)


def is_first_name(word: str) -> bool:
    """Checks whether a word is a first name and not also a usual word."""
    plain = word.lower().strip(".")
    parts = plain.split("-")
    return plain not in AMBIGUOUS | _NOT_A_NAME and all(part in _lists()[0] for part in parts)


def _is_last_name(word: str) -> bool:
    return word.lower() in _lists()[1]


def names_in(messages: Sequence[Message], known: Iterable[str] = ()) -> list[tuple[str, ...]]:
    """Finds the names of people in a conversation.

    Args:
        messages: of the conversation.
        known: names from a column or an input.

    Returns:
        Each name as its words, without titles and particles, in the order of the conversation.
    """
    found = [tuple(words) for name in known if (words := _words(name))]
    asked = False
    for message in messages:
        found += _found(message.text)
        if asked and message.role is Role.USER:
            found += _answered(message.text)
        asked = message.role is Role.ASSISTANT and bool(_ASKED.search(message.text))
    found += _with_last_names({name[0] for name in found if name}, messages)
    found += list(_in_lower_case(found, messages))
    return list(dict.fromkeys(name for name in found if name))


def _with_last_names(
    firsts: Iterable[str], messages: Sequence[Message]
) -> Iterator[tuple[str, ...]]:
    """Finds the last name that follows a known first name."""
    capital = [re.escape(first) for first in firsts if first[0].isupper()]
    if not capital:
        return
    pattern = re.compile(
        rf"(?<!\w)(?P<name>(?:{'|'.join(capital)})[ ](?:{_PARTICLE}[ ]){{0,2}}{_CAPITAL})"
    )
    for message in messages:
        for match in pattern.finditer(message.text):
            words = _words(match["name"])
            if len(words) > 1 and not is_usual_word(words[1]):
                yield tuple(words)


def _in_lower_case(
    names: Sequence[tuple[str, ...]], messages: Sequence[Message]
) -> Iterator[tuple[str, ...]]:
    """Finds first names with the last names of known people, where they are written small."""
    texts = " ".join(message.text for message in messages)
    for name in names:
        small = tuple(word.lower() for word in name)
        if len(name) > 1 and re.search(rf"\b{re.escape(' '.join(small))}\b", texts):
            yield small


@remembered
def _found(text: str) -> Iterator[tuple[str, ...]]:
    for match in _SURE.finditer(text):
        yield tuple(_leading(match["name"]))
    for match in _LABELLED.finditer(text):
        words = _words(match["name"])
        if words and (is_first_name(words[0]) or (_all_capital(words) and _looks_like_name(words))):
            yield tuple(words)
    for match in _TITLED.finditer(text):
        words = _words(match["name"])
        is_sure = match["title"].lower().strip(".") in _SURE_TITLES
        if words and (is_sure or is_first_name(words[0]) or _is_last_name(words[0])):
            yield tuple(words)
    for pattern in (_SIGNED, _SIGNED_OFF, _INTRODUCED, _RELATED, _GREETED):
        for match in pattern.finditer(text):
            words = _words(match["name"] or match.groupdict().get("caller") or "")
            if (
                words
                and (pattern is _GREETED or _looks_like_name(words))
                and not _is_acronym(words)
            ):
                yield tuple(words)
    for pattern in (_PERHAPS, _HERE):
        for match in pattern.finditer(text):
            words = _words(match["name"])
            if words and is_first_name(words[0]):
                is_whole = _all_capital(words) or _is_last_name(words[-1])
                yield tuple(words if is_whole else words[:1])
    for match in _PAIR.finditer(text):
        words = _words(match["name"])
        for one, other in pairwise(words):
            if is_first_name(one) and _is_last_name(other) and other.lower() not in AMBIGUOUS:
                yield one, other
    yield from names_in_scripts(text)


def _is_acronym(words: Sequence[str]) -> bool:
    return all(word.isupper() and len(word) < 5 for word in words) and not is_first_name(words[0])


def _all_capital(words: Sequence[str]) -> bool:
    return all(word[0].isupper() for word in words)


def _looks_like_name(words: Sequence[str]) -> bool:
    first = words[0]
    return is_first_name(first) or (
        first[0].isupper() and len(words) <= 3 and first.lower() not in AMBIGUOUS | _NOT_A_NAME
    )


def _answered(text: str) -> Iterator[tuple[str, ...]]:
    """Takes a short answer to a question for the name as a name."""
    answer = re.split(r"[,;.\n](?:\s|$)| - ", _LEAD_IN.sub("", text.strip()))[0]
    words = _words(answer)
    plain = all(re.fullmatch(_NAME, word) for word in words)
    if (
        0 < len(words) <= 4
        and plain
        and len(answer.split()) <= _MOST_WORDS_OF_AN_ANSWER
        and not any(word.lower() in _NOT_A_NAME for word in words)
        and (
            _all_capital(words)
            or is_first_name(words[0])
            or (len(words) == 2 and not any(map(is_usual_word, words)))
        )
    ):
        yield tuple(words)


def _leading(name: str) -> list[str]:
    """Returns the words up to the first that cannot belong to a name."""
    words: list[str] = []
    capital = None
    for word in name.split():
        plain = word.strip(".,'’-")
        if plain.lower() in _PARTICLES:
            continue
        if not plain or plain.lower() in _NOT_A_NAME or _CONTRACTED.search(plain):
            break
        capital = plain[0].isupper() if capital is None else capital
        if plain[0].isupper() is not capital:
            break
        if not capital and words and (len(words) == 2 or plain.endswith(("ing", "ed"))):
            break
        words.append(plain)
    return words


def _words(name: str) -> list[str]:
    words = [word.strip(".,'’-!?") for word in name.split()]
    kept = [word for word in words if word and word.lower() not in _PARTICLES | _SURE_TITLES]
    while kept and kept[0].lower() in _NOT_A_NAME:
        kept.pop(0)
    for place, word in enumerate(kept):
        if word.lower() in _NOT_A_NAME or _CONTRACTED.search(word):
            return kept[:place]
    return kept


_PARTICLES = frozenset(
    [
        "von",
        "van",
        "de",
        "del",
        "della",
        "di",
        "da",
        "la",
        "le",
        "der",
        "den",
        "du",
        "dos",
        "bin",
        "al",
        "el",
        "ter",
        "zu",
        "y",
    ]
)
