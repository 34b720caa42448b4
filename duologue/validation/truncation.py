"""A rule on messages that break off in mid-sentence."""

import re
from collections.abc import Iterator, Sequence

from duologue.conversation.messages import Message
from duologue.settings.rules import TRUNCATION_WORDS
from duologue.validation.rule import Expectations, Finding

# Words that only end a message if it was cut: articles, possessives, conjunctions, and prepositions
# that need their noun.
_NEVER_LAST = re.compile(
    r"\b(?:the|an?|and|or|but|because|although|whereas|your|my|our|their|whose|from|into|"
    r"between|during|such as|as well as|which is|that is|will be|has been|have been|is a|are the|"
    r"der|das|ein|eine|einen|und|oder|weil|dass|el|la|los|las|un|una|y|porque|le|les|une|et|"
    r"parce que|il|lo|gli|e|perché|os|uma|het|een|en)$",
    re.IGNORECASE,
)
_BREAKS_OFF = re.compile(r"[,;(\[{/&+=\u2013\u2014\uff0c\u3001]$|\w-$")
_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?\u2026][\"'\u201d\u2019)*\]]*\s|[\u3002\uff01\uff1f]")


def truncation(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    truncation_words: int = TRUNCATION_WORDS,
) -> Iterator[Finding]:
    """Catches a long message that breaks off in the middle of a sentence, as at a length limit.

    Only the model's provider knows the limit, so other signs count: the message is long, contains
    complete sentences, and ends with something that ends no message: "and", "the", a comma, an open
    bracket or code fence. A missing full stop is not enough, because lists and hasty people leave
    it out. Known false positives: a letter that closes with "Sincerely," and a name to fill in.
    """
    for index, message in enumerate(messages):
        text = message.text.rstrip()
        # A word and the space after it are two characters at least.
        if len(text) < 2 * truncation_words - 1 or not _stops_short(text):
            continue
        is_long = len(text) >= 6 * truncation_words or len(text.split()) >= truncation_words
        if is_long and _SENTENCE_END.search(text):
            yield Finding(index, f"the {message.role} message breaks off in mid-sentence")


def _stops_short(text: str) -> bool:
    if text.endswith((".", "!", "?", "\u3002", "\uff01", "\uff1f")) and "```" not in text:
        return False
    # The patterns only concern the end; searching a whole long message would take time.
    end = text[-20:]
    return bool(_BREAKS_OFF.search(end) or _NEVER_LAST.search(end) or len(_FENCE.findall(text)) % 2)
