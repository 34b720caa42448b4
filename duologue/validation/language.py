"""A rule on the language of a conversation."""

import re
from collections.abc import Iterator, Sequence, Set
from functools import cache, lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import wording
from duologue.settings.rules import LANGUAGE_CONFIDENCE, LANGUAGE_LETTERS
from duologue.validation.rule import Expectations, Finding
from duologue.validation.usual_words import usual_language

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Pairs whose written forms are too similar to distinguish by a few words.
_NEAR = {
    "wuu": "zh", "yue": "zh", "bs": "sr", "hr": "sr", "no": "da", "nn": "da", "ms": "id",
    "pcm": "en", "gl": "pt", "ext": "es", "an": "es", "ary": "ar", "arz": "ar", "ltg": "lv",
    "uzs": "uz", "lb": "de", "vec": "it", "lij": "it",
}  # fmt: skip
_NO_LANGUAGE = "zxx"

_READ = 120
"""In characters. A message's beginning shows its language; reading more takes longer."""
_READ_WORDS = 20

SHARED_WORDS, SHARED_PART = 4, 0.2
"""A message that shares this many words, and this part of its words, with what was said before in
the opening's language is taken to be in that language without running the detector, which takes
longer than all other rules together. Of 10,800 messages in French, Italian and Indonesian, one
shared that much with an English conversation."""

_CODE_OR_LINK = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)


def language_drift(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    language_letters: int = LANGUAGE_LETTERS,
    language_confidence: float = LANGUAGE_CONFIDENCE,
) -> Iterator[Finding]:
    """Catches a side that switches to another language than the opening's.

    py3langid detects languages, without a download. Each side is reported once. The opening and the
    message must both be long enough, and the detector sure of both. Known false positives: people
    who learn languages or ask for a translation; a chatbot that answers in one language only.
    """
    opening = next((m for m in messages if m.role is Role.USER), None)
    if opening is None:
        return
    known = [wording(opening.text).distinct]
    usual = usual_language(opening.text)
    drifted: set[Role] = set()
    for index, message in enumerate(messages):
        if message is opening or message.role in drifted:
            continue
        words = wording(message.text).distinct
        if (usual and usual_language(message.text) == usual) or _continues(message.text, known):
            known.append(words)
            continue
        language = spoken_language(message.text, language_letters, language_confidence)
        if language is None or language == usual:
            continue
        spoken = spoken_language(opening.text, language_letters, language_confidence)
        if spoken is None:
            return
        if language == spoken:
            known.append(words)
            usual = usual or spoken
        else:
            drifted.add(message.role)
            yield Finding(index, f"the {message.role} speaks {language}, the opening {spoken}")


def _continues(text: str, known: Sequence[Set[str]]) -> bool:
    """Reports whether a message shares enough words with earlier ones to be in their language."""
    if not text[:_READ].isascii():
        return False
    words = frozenset(wording(text).words[:_READ_WORDS])
    shared = len(words.intersection(chain.from_iterable(known)))
    return shared >= SHARED_WORDS and shared >= SHARED_PART * len(words)


@lru_cache(maxsize=64)
def spoken_language(text: str, least_letters: int, least_confidence: float) -> str | None:
    """Returns a text's language as an ISO 639 code; None if the detector is not sure."""
    prose = _CODE_OR_LINK.sub(" ", text) if "`" in text or "://" in text else text
    start = prose[:_READ]
    if len("".join(filter(str.isalpha, start)).encode("utf-8", "replace")) < least_letters:
        return None
    found, confidence = language_detector().classify(start)
    language = str(found)
    if confidence < least_confidence or language == _NO_LANGUAGE:
        return None
    return _NEAR.get(language, language)


@cache
def language_detector() -> "LanguageIdentifier":
    """Returns the detector; the first call loads it."""
    # Importing it takes half a second, which `duologue --help` must not wait for.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector: LanguageIdentifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return detector
