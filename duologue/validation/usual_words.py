"""Languages that show by their script or by their most usual words, without a detector."""

import re
from functools import lru_cache

from duologue.conversation.wording import wording

USUAL_WORDS = 4
"""Distinct usual words of one language that show it, if no other language has half as many."""
FEW_WORDS, FEW_SHARE = 2, 0.25
"""So few suffice if they are this share of the words."""

# Of each language, words that are frequent in it and hardly used in the others.
_WORDS = {
    "en": "the and you your is are of to for it that this with have can my be what how would "
    "please not will if we there any some from here about could help our has they when which been "
    "than their does where",
    "de": "der das und ist nicht ich sie mit ein eine einen für auf den dem bitte wie haben kann "
    "mein meine auch oder wenn wir ihre noch von zu",
    "fr": "les des est une dans vous je pas pour avec sur et mon ma mes votre vos nous avez cette "
    "mais au aux du suis être",
    "es": "el los las y una con es está pero muy del usted lo más cómo mi mis puedo quiero gracias "
    "hola tengo por hay su",
    "it": "il che di è della per sono non con gli alla una mi ho vorrei posso grazie nel questo "
    "questa anche più ma si",
    "pt": "não uma com em um do da é você os para ao meu minha posso obrigado obrigada mais isso "
    "está na no são eu",
    "nl": "het een van ik en niet dat voor met zijn op mijn kan ook maar heb heeft wij graag naar "
    "deze wat hoe als u",
}  # fmt: skip
_USUAL = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_ALL = frozenset().union(*_USUAL.values())
_LANGUAGES = tuple(_USUAL)
_COUNTS = {
    word: sum(256**place for place, lang in enumerate(_LANGUAGES) if word in _USUAL[lang])
    for word in _ALL
}
"""For each word a number with a byte for each language, 1 where the word is usual in it. The sum
over words counts the words of all languages at once."""

_READ_WORDS, _READ_CHARACTERS = 40, 120
_LETTERS = 0.5
"""The share of a text's letters that have to be of a script."""
_SCRIPTS = {
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "ko": re.compile(r"[\uac00-\ud7af]"),
    "zh": re.compile(r"[\u3400-\u9fff]"),
    "ru": re.compile(r"[\u0430-\u044f\u0451]", re.IGNORECASE),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "he": re.compile(r"[\u0590-\u05ff]"),
}
_RUSSIAN = re.compile(r"[\u044b\u044d\u042b\u042d]")
# Of Ukrainian, Belarusian, Serbian and Macedonian.
_NOT_RUSSIAN = re.compile(r"[\u0402-\u040f\u0452-\u045f\u0490\u0491]")


@lru_cache(maxsize=64)
def usual_language(text: str) -> str | None:
    """Returns a text's language, as an ISO 639 code, where a glance shows it; else None."""
    if not text.isascii() and (language := _by_script(text[:_READ_CHARACTERS])):
        return language
    words = wording(text).words[:_READ_WORDS]
    found = _ALL.intersection(words)
    if len(found) < FEW_WORDS:
        return None
    times = sum(map(_COUNTS.__getitem__, found)).to_bytes(len(_LANGUAGES), "little")
    others, most = sorted(times)[-2:]
    enough = min(USUAL_WORDS, max(FEW_WORDS, FEW_SHARE * len(words)))
    return _LANGUAGES[times.index(most)] if most >= max(enough, 2 * others) else None


def is_usual_word(word: str) -> bool:
    """Checks whether a word is one of the most usual of any of these languages."""
    return word.lower() in _ALL


def _by_script(text: str) -> str | None:
    letters = sum(map(str.isalpha, text))
    for language, script in _SCRIPTS.items():
        count = len(script.findall(text))
        if count < USUAL_WORDS or (language != "ja" and count < _LETTERS * letters):
            continue
        is_russian = _RUSSIAN.search(text) and not _NOT_RUSSIAN.search(text)
        return language if language != "ru" or is_russian else None
    return None
