"""How a message is written: marks that a program can see in any language, or in a dozen.

Each mark takes a message and returns a number, or None where the mark means nothing, such as
capitals in Chinese. A mark that is there or not is 1 or 0.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from duologue.conversation.courtesy import is_greeting, is_polite
from duologue.conversation.phrases import plain
from duologue.conversation.refusals import is_refusal
from duologue.conversation.wording import length_in_words, likeness, says_the_same, wording
from duologue.realism.users import Spoken
from duologue.validation.dataset_rules.facts import QUESTION_MARKS

Mark = Callable[[Spoken], float | None]

FEW_WORDS = 3
"""A message of up to three words: "yes please", "order 5512"."""

_END_MARKS = frozenset(".?!\u2026\u3002\uff1f\uff01\uff0e\u061f\u06d4\u0964\u037e")
_EXCLAMATION_MARKS = ("!", "\uff01")
_EMOJI = re.compile(
    "[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55]|(?<!\\w)[:;=8][-'^]?[)(DPpOo3/|](?!\\w)|<3|"
    r"\^_?\^|\bxD\b"
)
_HESITATION_WORDS = frozenset(
    {
        *("um", "umm", "uh", "uhh", "uhm", "er", "erm", "hm", "hmm", "hmmm", "idk", "dunno"),
        *("maybe", "kinda", "ähm", "vielleicht", "quizás", "euh", "forse", "talvez", "misschien"),
        *("наверное", "글쎄", "아마"),
    }
)
_HESITATION_PHRASES = re.compile(
    r"\.\.\.|\b(?:i guess|i think|i suppose|not sure|sort of|ich glaube|keine ahnung|creo que|"
    r"no sé|je crois|peut-être|je ne sais pas|acho que|может быть|не знаю)\b|嗯|可能|好像|也许|"
    r"不太清楚|えっと|かも|たぶん"
)
# Slips that people make and models do not. No dictionary: a name or a rare word is no typo.
_SLIP = re.compile(
    r"[?!\uff1f\uff01]{2}|\w [?!,.](?!\w)|[^\W\d_][,;?!](?=[^\W\d_])|\S  +(?=\S)|([^\W\d_])\1{3}"
)
_SLIP_WORDS = frozenset(
    {
        *("i", "dont", "cant", "wont", "im", "ive", "didnt", "doesnt", "isnt", "wasnt", "arent"),
        *("couldnt", "wouldnt", "shouldnt", "havent", "hasnt", "thats", "whats", "theres"),
        *("youre", "theyre", "lets", "pls", "plz", "thx", "u", "ur", "gonna", "wanna", "gotta"),
        *("alot", "teh", "recieve", "adress", "seperate", "definately", "untill", "wich"),
        *("becuase", "thier"),
    }
)
_TOKEN = re.compile(r"[\w']+")
_MARKUP = re.compile(r"\n\s*(?:[-*\u2022]|\d+[.)])\s|\*\*|```|^#+ |\n\s*\n", re.MULTILINE)
_ACKNOWLEDGES = re.compile(
    r"(?:ok|okay|great|perfect|awesome|wonderful|excellent|amazing|fantastic|cool|nice|lovely|good|"
    r"brilliant|super|got it|gotcha|alright|all right|understood|thanks|thank you|thx|yes|yeah|yep|"
    r"sure|(?:that|this|those|it|these) (?:all )?(?:sounds?|looks?|makes sense)|"
    r"(?:thats|that is|its|this is) (?:great|good|perfect|helpful|wonderful|fine|very)|i see|"
    r"absolutely|of course|i (?:really )?appreciate|danke|super|gut|gracias|perfecto|vale|merci|"
    r"daccord|parfait|grazie|va bene|obrigad[oa]|ja|sí|oui|да|спасибо|хорошо)\b|"
    r"谢谢|好的?|是的|嗯|可以|不错|はい|ありがとう|わかりました|네|감사"
)
_OBJECTS = re.compile(
    r"(?:no|nope|not|but|wrong|again|still|i (?:already|said|asked|meant|mean|just)|that(?: i|')?s "
    r"not|that isn'?t|that doesn'?t|this isn'?t|you (?:didn'?t|did not|don'?t|are not|aren'?t|"
    r"keep|already)|why|what|huh|seriously|really|nein|aber|nicht|das ist nicht|pero|eso no|non|"
    r"mais|ma|mas|não|nee|maar|нет|но|не)\b|不|但|可是|没|你没|いいえ|でも|違|아니"
)
_APOLOGY = re.compile(
    r"\b(?:(?:i'm|i am|we're|we are) (?:\w+ )?sorry|sorry|apologies|i apologi[sz]e|unfortunately|"
    r"i don't (?:have|know|understand)|i do not (?:have|know|understand)|didn't (?:get|catch|"
    r"understand)|not sure what you mean|could you (?:please )?(?:rephrase|clarify)|leider|"
    r"entschuldig|lo siento|perdón|lamento|désolé|malheureusement|mi dispiace|purtroppo|"
    r"desculp|infelizmente|helaas|к сожалению|извините)|"
    r"抱歉|对不起|很遗憾|申し訳|すみません|죄송",
)
_OPENS_WITH = re.compile(r"[^.!?,\u3002\uff01\uff0c\uff1f\n]+[.!?,\u3002\uff01\uff0c\uff1f\n]*")


def words(message: Spoken) -> float:
    """Counts words; in scripts without spaces, one for 2.5 characters."""
    return length_in_words(message.text)


def few_words(message: Spoken) -> float:
    """Checks for a message of a word or three."""
    return float(length_in_words(message.text) <= FEW_WORDS)


def capital_first(message: Spoken) -> float | None:
    """Checks whether the first letter is a capital; None without letters that have capitals."""
    first = next((c for c in message.text if c.isalpha()), "")
    return float(first.isupper()) if first.lower() != first.upper() else None


def shouts(message: Spoken) -> float | None:
    """Checks for a message of two words or more in capitals; None where there are no capitals."""
    if message.text.lower() == message.text.upper():
        return None
    return float(message.text.isupper() and len(wording(message.text).words) > 1)


def ends_with_mark(message: Spoken) -> float:
    """Checks whether the message ends with punctuation."""
    shown = message.text.rstrip().rstrip("\"'\u201d\u2019)\u300d*")
    return float(shown[-1:] in _END_MARKS)


def polite(message: Spoken) -> float:
    """Checks for please, thanks or the like."""
    return float(is_polite(message.text))


def asks(message: Spoken) -> float:
    """Checks for a question mark."""
    return float(not QUESTION_MARKS.isdisjoint(message.text))


def exclaims(message: Spoken) -> float:
    """Checks for an exclamation mark."""
    return float(any(mark in message.text for mark in _EXCLAMATION_MARKS))


def has_emoji(message: Spoken) -> float:
    """Checks for an emoji or an emoticon."""
    return float(_EMOJI.search(message.text) is not None)


def hesitates(message: Spoken) -> float:
    """Checks for words or dots with which people hesitate."""
    said = wording(message.text)
    if not _HESITATION_WORDS.isdisjoint(said.distinct):
        return 1.0
    return float(_HESITATION_PHRASES.search(said.letters) is not None)


def slips(message: Spoken) -> float:
    """Checks for slips in typing: `dont`, a lone `i`, `??`, a space before a comma."""
    text = message.text.replace("\u2019", "'")
    if not _SLIP_WORDS.isdisjoint(_TOKEN.findall(text)):
        return 1.0
    return float(_SLIP.search(text) is not None)


def has_markup(message: Spoken) -> float:
    """Checks for lists, paragraphs, bold text or code."""
    return float(_MARKUP.search(message.text.strip()) is not None)


def has_number(message: Spoken) -> float:
    """Checks for a digit."""
    return float(any(map(str.isdigit, message.text)))


def word_length(message: Spoken) -> float | None:
    """Returns the mean number of letters of a word; None in scripts without spaces."""
    spaced = [w for w in wording(message.text).words if w.isalpha() and not _is_spaceless(w)]
    return sum(map(len, spaced)) / len(spaced) if spaced else None


def greets(message: Spoken) -> float:
    """Checks whether the message opens with a greeting."""
    opening = _OPENS_WITH.match(message.text)
    return float(opening is not None and is_greeting(opening[0]))


def acknowledges(message: Spoken) -> float:
    """Checks whether the message opens by taking note: "Great,", "That sounds good"."""
    return float(_ACKNOWLEDGES.match(_bare(message.text)) is not None)


def takes_up(message: Spoken) -> float | None:
    """Returns the share of its longer words that the chatbot's message before it has.

    None if there is no such word, or no such message.
    """
    if message.answered is None:
        return None
    own = {w for w in wording(message.text).distinct if len(w) > 3 or _is_spaceless(w)}
    return len(own & wording(message.answered).distinct) / len(own) if own else None


def objects(message: Spoken) -> float:
    """Checks whether the message opens with an objection: "no", "but", "that's not"."""
    return float(_OBJECTS.match(_bare(message.text)) is not None)


@lru_cache(maxsize=64)
def is_miss(reply: str, before: str | None) -> bool:
    """Reports whether a chatbot's message misses the point.

    It refuses, apologizes, does not know or understand, or says what it said before.
    """
    opening = reply[:300]
    if _APOLOGY.search(plain(opening)) is not None or is_refusal(opening):
        return True
    return before is not None and says_the_same(reply, before)


def after_miss(mark: Mark) -> Mark:
    """Limits a mark to messages that answer a reply which misses the point."""

    def limited(message: Spoken) -> float | None:
        if message.answered is None or not is_miss(message.answered, message.answered_before):
            return None
        return mark(message)

    return limited


def repeats(text: str, earlier: str) -> bool:
    """Reports whether a user asks again in much the same words."""
    return likeness(text, earlier) >= 0.5


def _bare(text: str) -> str:
    return wording(text).letters.lstrip(" \"'(\u00bf\u00a1").replace("'", "")


def _is_spaceless(word: str) -> bool:
    return word >= "\u0e00" and len(word) == 1 and unicodedata.category(word) == "Lo"
