"""Rules on what is left in a message of the machinery that made it.

A reply that is an answer about code may rightly hold such things; what stands in code fences or
between backticks is therefore left alone, except for end markers.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from duologue.conversation.end_marker import end_marker_pattern
from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import wording
from duologue.validation.rule import Expectations, Finding

QUOTED_WORDS = 3
"""From this many words on, quotes around a whole message are not a quoted title or word."""

# How generators other than Duologue let their simulated users leave. In capitals, because "[done]"
# in a list of things to do is no marker.
_LEAVING = (
    "END|STOP|DONE|EXIT|TERMINATED?|FINISH(?:ED)?|QUIT|BYE|EOS|(?:END|"
    "STOP)[_ ](?:OF[_ ])?(?:CONVERSATION|CHAT|DIALOGUE)|"
    "CONVERSATION[_ ](?:END|ENDED|OVER)"
)
_USUAL_END_MARKER = re.compile(
    rf"###\s?(?:{_LEAVING}|TRANSFER|OUT-OF-SCOPE)\s?###|\[/?(?:{_LEAVING})\]|</?(?:{_LEAVING})>"
    r"|<[|\uff5c](?:end|stop|done|eot|eos|exit)[|\uff5c]>|(?:\A|[\s.!?])TERMINATE\W*\Z"
)
# Of the prompt templates of Llama, Mistral, Qwen, DeepSeek, Gemma and similar models.
_MODEL_TOKEN = re.compile(
    r"<[|\uff5c][^<>|\uff5c\n]{1,40}[|\uff5c]>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<[be]os>|</s>\s*$"
)
_REASONING = re.compile(
    r"</?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|inner_monologue)>|\[/?THINK\]",
    re.IGNORECASE,
)

_TEMPLATE_VARIABLE = re.compile(r"\{\{[ \t]?[\w.$-][\w.$| -]{0,60}\}\}")
# `<NAME>`, `<ORDER_NUMBER>`: in capitals, and not glued to a word as in `List<T>`.
_TAG = re.compile(r"<(?<![\w/]<)([A-Z][A-Z0-9]{1,30}(?:[_ -][A-Z0-9]{1,30}){0,5})>")
_HTML_TAG = re.compile(
    "BR|HR|DIV|SPAN|IMG|LI|UL|OL|TD|TH|TR|TABLE|HTML|HEAD|BODY|CODE|PRE|EM|STRONG|H[1-6]|FORM|"
    "INPUT|BUTTON|SCRIPT|STYLE|LINK|META|TITLE"
)
_WHOSE = "(?:your|my|user|customer|client|recipient|agent|friend|manager)(?:['\u2019]?s)?"
_THING = (
    "(?:(?:first|last|full|company|product|job|phone|order|account|e-?mail) )?"
    "(?:name|title|number|id|address|e-?mail|phone|date|time|city|country|location|company|"
    "product|link|url|price|amount|topic|destination|budget|age|occupation|signature|"
    "contact info(?:rmation)?)"
)
# `[insert date]`, `[Your Name]`, `[Phone Number]`, but not the Markdown of links: `[link](url)`,
# `[link][1]`, `[link]: url`.
_IN_BRACKETS = re.compile(
    r"\[(?:(?:insert|enter|fill in|specify|provide)\b[^\[\]\n]{1,60}|"
    rf"(?:{_WHOSE}(?: \w{{1,20}})? )?{_THING}(?: here)?)\](?![(\[:])",
    re.IGNORECASE,
)

# `(name)`, `[имя]`, `【姓名】`: a blank in brackets of any kind and language. In round ones only
# what nobody says in passing.
_NAMES = (
    "имя|фамилия|фио|ваше имя|nombre|su nombre|tu nombre|apellidos?|nom|prénom|votre nom|vorname|"
    "nachname|ihr name|dein name|nome|cognome|seu nome|sobrenome|naam|姓名|名字|您的姓名|"
    "你的名字|名前|お名前|이름|성함"
)
_DETAILS = (
    "название|номер|дата|адрес|телефон|город|número|fecha|dirección|teléfono|ciudad|numéro|date|"
    "adresse|téléphone|ville|nummer|datum|telefon|stadt|numero|data|indirizzo|telefono|città|"
    "endereço|telefone|cidade|stad|number|address|city|日期|地址|电话|城市|订单号|日付|住所|電話番号|"
    r"날짜|주소|您的\w{1,6}|你的\w{1,6}"
)
_ROUND_BLANK = re.compile(
    rf"[(\uff08](?:(?:insert|enter|fill in)\b[^()\n]{{1,60}}|(?:{_WHOSE} )?(?:(?:first|last|full|"
    rf"company|phone|order|account) )?(?:name|number|address|e-?mail|phone)(?: here)?|{_NAMES})"
    rf"[)\uff09]|[\[【<](?:(?:your |user )?name|{_NAMES}|{_DETAILS})(?: [^\W\d_]{{1,20}}){{0,3}}"
    r"[\]】>](?![(\[:])",
    re.IGNORECASE,
)
# `+7 (XXX) XXX-XX-XX`, `XXXX-XXXX`, `__/__/____`; but not "size XXL" or Roman numerals.
_MASK = re.compile(
    r"(?<![\w-])(?:\+?\d{1,3}[ -]?)?\(?[Xx\u0425\u0445]{3,4}\)?"
    r"(?:[ -][Xx\u0425\u0445]{2,4}){1,4}(?!\w)|"
    r"(?<!\w)\d{2,6}[ -]?(?:[X\u0425]{3,}[ -]?)+(?!\w)|(?<!\w)[X\u0425]{4,}(?!\w)|"
    r"(?<!\w)(?:_{2,}[/.]){2}_{2,}|"
    r"(?<!\w)(?:\u0414\u0414|DD|TT|JJ|GG)[./](?:\u041c\u041c|MM)[./](?:\u0413{4}|YYYY|AAAA|JJJJ)(?!\w)"
)
# A word of the template where the message should be.
_TEMPLATE_WORD = re.compile(
    r"\W*(?:INSTRUCTIONS?|USER[ _]INPUT|USER[ _]MESSAGE|MESSAGE|RESPONSE|PROMPT|QUESTION|QUERY|"
    r"TEXT|"
    r"PLACEHOLDER|TODO|TBD|LOREM IPSUM.{0,200}|YOUR (?:TEXT|MESSAGE|ANSWER)(?: HERE)?)\W*"
)
# What anonymisers put in the place of names.
_ANONYMISED = re.compile(
    r"<?PRESIDIO_ANONYMI[SZ]ED|\bNAME_\d|[\[<](?:NAME|PERSON|PHONE(?:_NUMBER)?|EMAIL(?:_ADDRESS)?|LOCATION|"
    r"ADDRESS|DATE(?:_TIME)?|URL|ORG(?:ANI[SZ]ATION)?|REDACTED|ID|CITY|ORDER_ID|"
    r"USERNAME)(?:[_ -]?\d+)?[\]>]"
)

_BLANK_MARKS = (
    *("[", "<", "(", "\uff08", "【", "__", "XXX", "xxx", "\u0425\u0425\u0425"),
    *("\u0445\u0445\u0445", "\u0414\u0414", "DD", "TT.", "JJ/", "GG/"),
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_FENCED_PROSE = re.compile(
    r"\s*```(?:text|txt|plaintext|markdown|md)?[ \t]*\n.*```\s*", re.DOTALL | re.IGNORECASE
)
_QUOTES = {
    '"': '"',
    "'": "'",
    "“": "”",
    "„": "“",
    "\u2018": "\u2019",
    "«": "»",
    "»": "«",
    "「": "」",
    "『": "』",
}


def end_marker(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a message that still holds the end marker: the run's own, or a usual one.

    The run's own counts in any case, but a marker that is a plain word only as it is written:
    "DONE" is no reason to drop who says "all done". 147 of 200 simulated users of tau-bench leave
    with a marker, 118 of them with text glued to it. Known false positives: talk about markers.
    """
    own = end_marker_pattern(expected.end_marker) if expected.end_marker else None
    for index, message in enumerate(messages):
        text = message.text
        if found := (own and own.search(text)) or usual_end_marker(text):
            yield Finding(index, f"holds the end marker `{found[0]}`")


def usual_end_marker(text: str) -> re.Match[str] | None:
    """Returns where a text holds a marker with which generators let their users leave."""
    may_be_in = "[" in text or "<" in text or "###" in text or "TERMINATE" in text
    return _USUAL_END_MARKER.search(text) if may_be_in else None


def model_token(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches control tokens of a prompt template: `<|im_end|>`, `[/INST]`.

    Known false positives: talk about such templates outside of code.
    """
    for index, message in enumerate(messages):
        prose = _suspicious_prose(message.text)
        if prose and (found := _MODEL_TOKEN.search(prose)):
            yield Finding(index, f"holds the model's control token `{found[0].strip()}`")


def reasoning(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a model's reasoning that was left in its message: `<think>`.

    With it in, the two sides invert from there on (reported by users of langwatch). Known false
    positives: talk about such tags outside of code.
    """
    for index, message in enumerate(messages):
        prose = _suspicious_prose(message.text)
        if prose and (found := _REASONING.search(prose)):
            yield Finding(index, f"holds the reasoning tag `{found[0]}`")


def placeholder(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches placeholders nobody filled in: `{{name}}` on either side; of a user also `[Your
    Name]`, `(name)`, `<NAME>`, `+7 (XXX) XXX-XX-XX`, or "INSTRUCTIONS." for a message.

    The marks of anonymisers, such as `[NAME]`, do not count if the assistant has them too, nor do
    placeholders of a draft that the assistant wrote before. Known false positives: a user who
    pastes a form letter, talk about templates outside of code.
    """
    for index, message in enumerate(messages):
        is_suspicious = "{{" in message.text
        found = is_suspicious and _TEMPLATE_VARIABLE.search(_suspicious_prose(message.text))
        if not found and message.role is Role.USER:
            found = _blank_of_user(message.text, message.text == expected.seed_message)
        if found and not (
            _is_anonymised(found[0], messages, Role.ASSISTANT)
            or _is_quoted(found[0], message, messages[:index])
        ):
            yield Finding(index, f"holds the placeholder `{found[0].strip()[:60]}`")


def placeholder_in_reply(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches `[Your Name]`, `[insert date]` and `<NAME>` in an assistant's message.

    Apart from `placeholder`, because a chatbot that is asked to draft a letter, or to show a
    command, does right to write them. Known false positives: just these.
    """
    for index, message in enumerate(messages):
        if message.role is Role.USER:
            continue
        prose = _suspicious_prose(message.text)
        found = _blank(prose) if prose else None
        if found and not _is_anonymised(found[0], messages, Role.USER):
            yield Finding(index, f"holds the placeholder `{found[0]}`")


def code_fence(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches code fences in a user's message, and an assistant's prose that is fenced as a whole.

    Known false positives: users who paste code, as they do where the chatbot helps with it.
    """
    for index, message in enumerate(messages):
        if "```" not in message.text:
            continue
        if message.role is Role.USER:
            yield Finding(index, "holds a code fence")
        elif _FENCED_PROSE.fullmatch(message.text):
            yield Finding(index, "stands in a code fence as a whole")


def json_wrapper(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a message that is a JSON object instead of plain text.

    Known false positives: users and chatbots that are meant to send JSON.
    """
    for index, message in enumerate(messages):
        if _is_json_object(message.text.strip()):
            yield Finding(index, "is a JSON object")


def wrapping_quotes(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a message that stands in quotes as a whole, as models write lines for someone else.

    Known false positives: a quotation sent without a word of one's own.
    """
    for index, message in enumerate(messages):
        text = message.text.strip()
        closing = _QUOTES.get(text[:1])
        if closing is None or len(text) < 2 or text[-1] != closing:
            continue
        inside = text[1:-1]
        if text[0] not in inside and len(wording(inside).words) >= QUOTED_WORDS:
            yield Finding(index, "stands in quotes as a whole")


@lru_cache(maxsize=64)
def _suspicious_prose(text: str) -> str:
    """Takes away code, and everything where there is no bracket of any kind to begin with."""
    if "<" not in text and "[" not in text and "{" not in text:
        return ""
    return _CODE.sub(" ", text) if "`" in text else text


def _is_anonymised(found: str, messages: Sequence[Message], other: Role) -> bool:
    """Reports whether a mark is an anonymiser's: one of its words, which the other side has too."""
    return _ANONYMISED.search(found) is not None and (
        "PRESIDIO" in found or any(_ANONYMISED.search(m.text) for m in messages if m.role is other)
    )


def _is_quoted(found: str, message: Message, before: Sequence[Message]) -> bool:
    """Reports whether a user has a placeholder from the assistant's draft."""
    return message.role is Role.USER and any(
        found in earlier.text for earlier in before if earlier.role is Role.ASSISTANT
    )


def _blank_of_user(text: str, is_seed: bool) -> re.Match[str] | None:
    if not any(map(text.__contains__, _BLANK_MARKS)) and not text.isupper():
        return None
    prose = _CODE.sub(" ", text) if "`" in text else text
    found = _blank(prose)
    if found or is_seed:
        return found
    return _TEMPLATE_WORD.fullmatch(text) or _MASK.search(prose) or _ROUND_BLANK.search(prose)


def _blank(prose: str) -> re.Match[str] | None:
    for tag in _TAG.finditer(prose):
        if not _HTML_TAG.fullmatch(tag[1]) and f"</{tag[1]}>" not in prose:
            return tag
    return _IN_BRACKETS.search(prose)


def _is_json_object(text: str) -> bool:
    if not (text.startswith("{") and text.endswith("}")):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
