"""A rule on the language of a conversation."""

import re
from collections.abc import Iterator, Sequence, Set
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import wording
from duologue.settings.rules import LANGUAGE_CONFIDENCE, LANGUAGE_LETTERS
from duologue.validation.rule import Expectations, Finding

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Their written forms are too near to each other to be told apart by a few words.
_NEAR = {
    "wuu": "zh", "yue": "zh", "bs": "sr", "hr": "sr", "no": "da", "nn": "da", "ms": "id",
    "pcm": "en", "gl": "pt", "ext": "es", "an": "es", "ary": "ar", "arz": "ar", "ltg": "lv",
    "uzs": "uz", "lb": "de", "vec": "it", "lij": "it",
}  # fmt: skip
_NO_LANGUAGE = "zxx"

_READ = 120
"""In characters: what a message begins with tells its language, and reading more takes longer."""

SHARED_WORDS, SHARED_PART = 4, 0.2
"""So many words, and this part of a message's, in common with what was said before in the
opening's language, and the detector, which takes longer than all other rules together, is not
asked. It spares about half of the messages in short English talk, and nine in ten in long. Of
10,800 messages in French, Italian and Indonesian, one had as many in common with an English
conversation."""

_CODE_OR_LINK = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)


def language_drift(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    language_letters: int = LANGUAGE_LETTERS,
    language_confidence: float = LANGUAGE_CONFIDENCE,
) -> Iterator[Finding]:
    """Catches a side that changes to another language than the opening's.

    It is told by py3langid, without a download, and once a side. Both the opening and the message
    must be long enough, and the detector sure of both. Known false positives: people who learn
    languages, or ask for a translation; a chatbot that is meant to answer in one language only.
    """
    opening = next((i for i, message in enumerate(messages) if message.role is Role.USER), None)
    if opening is None:
        return
    known = set(wording(messages[opening].text).distinct)
    drifted: set[Role] = set()
    for index, message in enumerate(messages):
        if index == opening or message.role in drifted:
            continue
        words = wording(message.text).distinct
        if message.text.isascii() and _goes_on(words, known):
            known |= words
            continue
        spoken = _language(messages[opening].text, language_letters, language_confidence)
        if spoken is None:
            return
        language = _language(message.text, language_letters, language_confidence)
        if language == spoken:
            known |= words
        elif language is not None:
            drifted.add(message.role)
            yield Finding(index, f"the {message.role} speaks {language}, the opening {spoken}")


def _goes_on(words: Set[str], known: Set[str]) -> bool:
    """Tells whether a message has enough words of those before it to be in the same language."""
    shared = len(words & known)
    return shared >= SHARED_WORDS and shared >= SHARED_PART * len(words)


@lru_cache(maxsize=64)
def _language(text: str, least_letters: int, least_confidence: float) -> str | None:
    """Tells a text's language as an ISO 639 code; None where that is not sure."""
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
    """Loads the detector, the first time it is called."""
    # Takes half a second and numpy, which `duologue --help` need not wait for.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    detector: LanguageIdentifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return detector
