"""Rules on speaker labels: messages that contain the other side's lines, or their own label."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import wording
from duologue.validation.rule import Expectations, Finding

_USER_LABEL = re.compile(
    "user|human|customer|client|caller|simulated user|end user|"
    "usuario|usuário|cliente|utilisateur|benutzer|nutzer|kunde|kundin|utente|gebruiker|klant|"
    "пользователь|клиент|покупатель|пациент|patient|patientin|paciente|paziente|client|student|"
    "用户|客户|顾客|患者|来访者|求助者|ユーザー|お客様|顧客|客|相談者|사용자|고객|환자"
)
_ASSISTANT_LABEL = re.compile(
    "(?:ai |virtual )?assistant|ai|(?:ai |support )?agent|(?:chat|support )?bot|"
    "(?:customer )?support|customer service|representative|chatgpt|gpt|model|"
    "asistente|agente|assistente|assistent|assistentin|ассистент|бот|"
    "助手|客服|机器人|アシスタント|어시스턴트|상담원|챗봇"
)
# Written by models that play a user and continue in the chatbot's place. Without brackets it is an
# ordinary word ("System: Windows 11") and stands for neither side.
_SYSTEM_LABEL = re.compile("system|系统")
# Names that only models use for the two sides. The message may break off after one.
_LABEL_OF_MODELS = re.compile("human|(?:ai )?assistant|simulated user")

# `User:`, `[Assistant]:`, `**Agent:**`, `### Human:`, `<bot>:` at the start of a line, and the rest
# of the line. The same pattern finds the `key: value` lines of a form.
_KEY = re.compile(
    r"[ \t]*+(?P<mark>[\[【(<*_#]*+)[ \t]*+(?P<name>[^\W\d_]{1,30}(?: [^\W\d_]{1,30}){0,2})"
    r"[\]】)>*_]{0,3}[ \t]*+[:\uff1a](?P<value>.*)"
)
_BARE_LABEL = re.compile(
    r"\s*[\[【(<*_#]*\s*(?P<name>[^\W\d_]{2,30}(?: [^\W\d_]{1,30}){0,2})\s*[\]】)>*_]*\s*"
    r"(?P<colon>[:\uff1a])?[\]】>*_]*\s*"
)
_OPENING_LABEL = re.compile(
    r"\s*[\[【(<*_#]*[ \t]*(?P<name>[^\W\d_]{1,30}(?: [^\W\d_]{1,30}){0,2})[\]】)>*_]{0,3}[ \t]*"
    r"[:\uff1a](?!//)[*_]{0,2}\s*\S"
)
COLONS = (":", "\uff1a")
"""One of them is after every label."""
LONGEST_LABEL = 120
"""In characters, with the brackets and asterisks around it."""
LABELLED_TIMES, LABELLED_SHARE, NAMED_SHARE = 3, 0.3, 0.6
"""Messages that open with the same label, and their share of the user's messages: the label of a
side, and any other."""

# Latin and Chinese full stops, exclamation and question marks, and what may follow them.
_SENTENCE_ENDS = (".", "!", "?", "…", "\u3002", "\uff01", "\uff1f")
_AFTER_A_SENTENCE = "\"'”\u2019)*]_ \t\r"

SPEECH_WORDS = 5
"""With this many words, the text after a label counts as speech even without a full stop."""
SHORT_SPEECH_WORDS = 2
"""With a full stop, this many suffice: "Agent: Thank you!", but not "User: admin"."""


@dataclass(frozen=True, slots=True)
class _Label:
    """A speaker label with speech after it."""

    name: str
    side: Role | None
    """The side it stands for; None for a bare "System", which may mean anything."""
    is_marked: bool
    """Whether it is in brackets, asterisks or the like."""
    has_text_before: bool
    """Whether any text comes before it in the message."""


def both_sides_in_one_message(
    messages: Sequence[Message], _expected: Expectations
) -> Iterator[Finding]:
    """Catches a message in which one side also speaks for the other.

    It requires two signals: a speaker label at the start of a line with speech behind it (or one
    that only models use, where the message breaks off), and either labels of both sides, or a
    label of the other side after the speaker's own text, or one in brackets. Labels between other
    `key: value` lines belong to a form. Seen in 9 % of the conversations of RecLLMSim. Known false
    positives: an assistant that writes a dialogue because it was asked to, a user who pastes an
    earlier chat.
    """
    for index, message in enumerate(messages):
        labels = _labels(message.text)
        for label in labels:
            foreign = label.side is not None and label.side is not message.role
            if foreign and (label.has_text_before or label.is_marked or _speak_both(labels)):
                yield Finding(index, f"the {message.role} message continues as `{label.name}:`")
                break


def speaker_label(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a message that opens with the label of its own speaker: "User: Hello".

    It is left over from a transcript in the prompt. Known false positives: a user who names a
    department or a topic first.
    """
    for index, message in enumerate(messages):
        labels = _labels(message.text)
        if labels and labels[0].side is message.role and not labels[0].has_text_before:
            yield Finding(index, f"opens with the label `{labels[0].name}:`")


def bare_label(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a user message that is nothing but a speaker label: "CUSTOMER:".

    In any language: a few words and a colon. Known false positives: a user whose message was cut
    after "Example:".
    """
    for index, message in enumerate(messages):
        is_short = len(message.text) <= LONGEST_LABEL
        if is_short and message.role is Role.USER and message.text != expected.seed_message:
            label = _BARE_LABEL.fullmatch(message.text)
            if label and (label["colon"] or _is_speaker(label["name"].casefold().strip())):
                yield Finding(index, f"is only the label `{message.text.strip()}`")


def labelled_user(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a user whose messages all open with the same label: "User: ...", "Anna: ...".

    The label of a side suffices in three of ten messages, a name or a word in any other language
    has to open three and six of ten. The first message may be a person's. Known false
    positives: a user who works through a list of `topic: ...`.
    """
    spoken = [(i, message.text) for i, message in enumerate(messages) if message.role is Role.USER]
    labels = [_opening_label(text) for _, text in spoken]
    name, times = Counter(filter(None, labels)).most_common(1)[0] if any(labels) else ("", 0)
    if times < 2:
        return
    is_side = _is_speaker(name.casefold()) and times >= LABELLED_SHARE * len(spoken)
    is_name = times >= max(LABELLED_TIMES, NAMED_SHARE * len(spoken)) and not name[:1].islower()
    if is_side or is_name:
        at = [index for (index, _), label in zip(spoken, labels, strict=True) if label == name]
        yield Finding(at[0], f"{times} of the user's {len(spoken)} messages open with `{name}:`")


def _opening_label(text: str) -> str:
    start = text[:100]
    found = _OPENING_LABEL.match(start) if ":" in start or "\uff1a" in start else None
    return found["name"] if found else ""


def _speak_both(labels: Sequence[_Label]) -> bool:
    return len({label.side for label in labels if label.side}) > 1


@lru_cache(maxsize=64)
def _labels(text: str) -> tuple[_Label, ...]:
    """Returns a message's speaker labels that have speech after them."""
    if ":" not in text and "\uff1a" not in text:
        return ()
    lines = [line for line in text.split("\n") if line.strip()]
    keys = [_KEY.match(line) if ":" in line or "\uff1a" in line else None for line in lines]
    found = (_label(key, lines, keys, index) for index, key in enumerate(keys) if key is not None)
    return tuple(label for label in found if label is not None)


def _label(
    key: re.Match[str], lines: Sequence[str], keys: Sequence[re.Match[str] | None], index: int
) -> _Label | None:
    name = key["name"].casefold()
    in_brackets = key["mark"].startswith(("[", "【"))
    neighbours = (*keys[max(index - 1, 0) : index], *keys[index + 1 : index + 2])
    in_form = any(other and not _is_speaker(other["name"].casefold()) for other in neighbours)
    if not _is_speaker(name) or (in_form and not in_brackets):
        return None
    following = lines[index + 1] if index + 1 < len(lines) else ""
    breaks_off = index > 0 and not following and _LABEL_OF_MODELS.fullmatch(name)
    if not breaks_off and not _is_speech(key["value"].strip(_AFTER_A_SENTENCE) or following):
        return None
    return _Label(key["name"], _side(name, in_brackets), bool(key["mark"]), index > 0)


def _is_speaker(name: str) -> bool:
    labels = (_USER_LABEL, _ASSISTANT_LABEL, _SYSTEM_LABEL)
    return any(label.fullmatch(name) for label in labels)


def _side(name: str, in_brackets: bool) -> Role | None:
    if _USER_LABEL.fullmatch(name):
        return Role.USER
    return Role.ASSISTANT if in_brackets or _ASSISTANT_LABEL.fullmatch(name) else None


def _is_speech(text: str) -> bool:
    words = len(wording(text).words)
    is_sentence = text.rstrip(_AFTER_A_SENTENCE).endswith(_SENTENCE_ENDS)
    return words >= (SHORT_SPEECH_WORDS if is_sentence else SPEECH_WORDS)
