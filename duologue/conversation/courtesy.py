"""Greetings, and words of politeness."""

import re

from duologue.conversation.wording import fold, wording

# As `wording` spells words: in small letters, without apostrophes.
_POLITE_WORDS = frozenset(
    {
        *("please", "thanks", "thank", "thankyou", "thx", "appreciate", "appreciated", "grateful"),
        *("kindly", "bitte", "danke", "dankeschön", "gracias", "merci", "plaît", "svp", "grazie"),
        *("obrigado", "obrigada", "bedankt", "alstublieft", "alsjeblieft", "пожалуйста", "спасибо"),
        *("감사합니다", "고맙습니다", "부탁드립니다"),
    }
)
# What is polite only as a phrase, or is written without spaces between words. 请 also stands in
# words such as 申请 (apply) and 请假 (take leave).
_POLITE_PHRASES = re.compile(
    r"\b(?:por favor|per favore)\b|(?<![申邀聘])请(?![假客求])|請|谢|謝|感谢|ください|下さい|"
    r"ありがとう|お願い"
)

_PUNCTUATION = (
    r"[\s.,;:!?~\u2026\u3001\u3002\uff01\uff0c\uff1f\uff5e\u061f\u060c\u00a1\u00bf()\uff08\uff09-]+"
)
_NAME = r"(?: (?:there|everyone|again|back|sir|madam|all|team|friend))?"
# As `fold` leaves them, without apostrophes.
_GREETINGS = (
    rf"(?:hello|hi|hiya|hey|howdy|greetings|welcome){_NAME}",
    rf"good (?:morning|afternoon|evening|day){_NAME}",
    r"how are you(?: doing)?(?: today)?|nice to meet you(?: too)?",
    r"guten (?:tag|morgen|abend)|hallo|moin|servus|grüss gott|grüezi|wie geht es (?:ihnen|dir)",
    r"wie gehts|hola|buen(?:os|as) (?:días|tardes|noches)|qué tal|mucho gusto",
    r"bonjour|bonsoir|salut|coucou|enchantée?|ciao|salve|buongiorno|buonasera|piacere",
    r"olá|oi|bom dia|boa (?:tarde|noite)|tudo bem|prazer",
    r"hoi|goede(?:n)? ?(?:dag|morgen|middag|avond|navond)",
    r"здравствуй(?:те)?|привет|добрый (?:день|вечер)|доброе утро",
    r"cześć|dzień dobry|merhaba|selam|xin chào|halo|selamat (?:pagi|siang|malam)",
    r"[你您]好(?:呀|啊|吗)?|大家好|早上好|上午好|中午好|下午好|晚上好|早安|嗨|哈喽",
    r"很?高兴(?:认识|见到)[你您]",
    r"こんにち[はわ]|こんばん[はわ]|おはよう(?:ございます)?|はじめまして|初めまして",
    r"(?:どうぞ|どうか)?(?:[今本]日[はも])?(?:宜|よろ)しく(?:お願い(?:いた|致)?し(?:ます|たいです))?",
    r"안녕(?:하세요|하십니까)?|반갑습니다|만나서 반가워요",
    r"السلام عليكم|مرحبا|أهلا|नमस्ते|สวัสดี(?:ค่ะ|ครับ|คะ)?",
)
_ONLY_GREETS = re.compile(rf"(?:(?:{'|'.join(_GREETINGS)})(?:{_PUNCTUATION}|$))+")
LONGEST_GREETING = 80
"""In characters. A longer message says more than hello."""


def is_polite(text: str) -> bool:
    """Reports whether a message says please, thanks or the like, in any of a dozen languages.

    It knows words, not intentions: "I would appreciate" counts, "could you" does not.
    """
    if not _POLITE_WORDS.isdisjoint(wording(text).distinct):
        return True
    return (not text.isascii() or "avor" in text) and bool(_POLITE_PHRASES.search(text.casefold()))


def is_greeting(text: str) -> bool:
    """Reports whether a message only says hello, in any of two dozen languages: "Hi there!"."""
    if not text or len(text) > LONGEST_GREETING:
        return False
    return _ONLY_GREETS.fullmatch(fold(text).replace("'", "").lstrip("\u00a1\u00bf( ")) is not None
