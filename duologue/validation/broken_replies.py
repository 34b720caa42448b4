"""Rules on replies that are not replies: error texts, stack traces, tool calls, internal notes."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from duologue.conversation.messages import Message, Role
from duologue.conversation.phrases import plain
from duologue.validation.degenerate import degenerate_reason
from duologue.validation.rule import Expectations, Finding

LONGEST_ERROR = 400
"""In characters. A longer message that mentions an error explains something."""

_STACK_TRACE = re.compile(
    r"Traceback \(most recent call last\)|^\s*File \"[^\"\n]+\", line \d+|"
    r"^\s*at [\w$.<>]+\((?:[\w$.]+\.(?:java|kt|scala|cs)|[^)\n]*\.[jt]sx?):\d+|"
    r"^\s*at .{1,80} \((?:/|file:|node:|webpack)[^)\n]+:\d+:\d+\)|panic: |goroutine \d+ \[|"
    r"^(?:[a-z]\w+\.)+\w*(?:Exception|Error)\b[: ]|^Exception in thread ",
    re.MULTILINE,
)
_ERROR = re.compile(
    r"\A\W*(?:(?:an? )?(?:internal|unexpected|unknown|fatal|runtime|api|http|server|network|"
    r"validation|system|upstream|gateway|llm|openai|anthropic|provider|request|connection)[ _-]?)*"
    r"(?:error|exception|fehler|erreur|errore|fout|ошибка|エラー|错误|錯誤|오류)\b\s*(?:[:\uff1a(\[-]|\d{3}|code\b|"
    r"occurred\b|has occurred|generating|processing|calling|while|in\b)|"
    r"\A\W*(?:http(?:/\d(?:\.\d)?)? ?)?[45]\d\d\b[ :\u2013-]*(?:internal server error|bad gateway|"
    r"service unavailable|gateway time-?out|too many requests|not found|unauthorized|forbidden|bad "
    r"request)|\A\W*(?:internal server error|bad gateway|service (?:temporarily )?unavailable|"
    r"gateway "
    r"time-?out|too many requests|rate limit (?:exceeded|reached)|request timed out|timed? ?out|"
    r"connection (?:refused|reset|error|timed out)|maximum context length|context length exceeded|"
    r"no response(?: (?:received|generated|from (?:the )?(?:model|server)))?|null|undefined|"
    r"\[object object\]|<empty>)\W*\Z|"
    r"\A\W*\w*(?:error|exception)\s*[:(]|\A\W*[a-z][a-z]+(?:_[a-z]+)*_(?:error|exceeded|failed)\b|"
    r"[^\n]{0,40}something went wrong[^.!?]{0,40}[.!]?\W*\Z",
)
_ERROR_CODE = re.compile(r"\b(?:[Ss]tatus|[Ee]rror|STATUS|ERROR)[ _](?:[Cc]ode|CODE)\W{1,3}\d{3}\b")
_TRACE_MARKS = (
    "Traceback",
    'File "',
    "  at ",
    "\tat ",
    "panic: ",
    "goroutine ",
    "Exception",
    "Error",
)
_TOOL_KEYS = frozenset(
    {
        *("tool", "tool_call", "tool_calls", "tool_name", "tool_input", "tool_use", "tool_use_id"),
        *("function", "function_call", "action", "action_input", "arguments", "parameters"),
        *("api_call", "api_name", "name", "thought", "observation", "command"),
    }
)
_TOOL_CALL = re.compile(
    r"</?(?:tool_call|function_call|tool_use|tool_response|function_calls|invoke|tool)s?\b[^<>]{0,80}>|"
    r"<\uff5ctool|^\s*Action Input:|^\s*Action:\s*\w+[\[({]|^\s*Observation:\s",
    re.MULTILINE,
)
_TOOL_MARKS = ("tool", "<function_call", "<invoke", "Action", "Observation:")
_CALL = re.compile(r"(?:(?:functions?|tools?|api)\.)?\w+\(\s*(?:\w+\s*=|\{)[^)]*\)")
_NOTES = re.compile(
    r"\A\W*(?:internal (?:note|monologue|thought)s?|notes? to self|thoughts?|thinking|reasoning|"
    r"analysis|"
    r"chain of thought|scratchpad|plan|system note|for internal use)\s*[:\n]|"
    r"\Aanalysis(?=[A-Z])|assistantfinal|assistantcommentary|"
    r"\A\W*(?:here(?:'s| is) (?:a|my|the) )?(?:thinking|thought|reasoning) process\W*[:\n]|"
    r"\A<\|?channel\|?>|"
    # Thinking aloud, and about the reader, who is not spoken to.
    r"\A\W*(?:okay|ok|alright|hmm|so|wait|first|let's|let me|i need to)\b[^\n?]{0,120}?\b"
    r"th(?:e|is) (?:user|customer)(?:'s (?:request|question|message|intent)| (?:wants?|is asking|"
    r"asks|asked|said|says|needs|already|seems))\b|"
    r"\A\W*(?:okay|ok|alright|hmm|so)?,? ?(?:the (?:user|customer) (?:wants|is asking|asks|asked|"
    r"said|says|"
    r"is saying|has asked|seems|needs|just)|we need to (?:respond|answer|reply|produce|output)|"
    r"i (?:need|"
    r"should|have) to (?:respond|reply|answer) (?:to|as|with|in)|let me (?:think|analyze|analyse) "
    r"(?:about )?(?:this|what|how))\b|"
    r"\A\W*(?:用户(?:想|问|要求|说|正在|需要|询问)|好的[,\uff0c]用户|ユーザーは)",
    re.IGNORECASE,
)


def broken_reply(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a reply that is an error text, a stack trace, a tool call, notes or gibberish.

    It is the chatbot's error, which an evaluation is there to find, so the conversation stays; the
    gate `max_broken_reply_share` can hold a version back. Known false positives: chatbots that are
    meant to write JSON, or that quote an error they were asked about.
    """
    for index, message in enumerate(messages):
        if message.role is Role.ASSISTANT and (reason := broken_reply_reason(message.text)):
            yield Finding(index, f"the reply {reason}")


def no_answer(messages: Sequence[Message], _expected: Expectations) -> Iterator[Finding]:
    """Catches a conversation in which every reply of the assistant is broken, as in `broken_reply`.

    The user talked to nobody. Known false positives: chatbots that are meant to write JSON.
    """
    replies = [message.text for message in messages if message.role is Role.ASSISTANT]
    if replies and all(map(broken_reply_reason, replies)):
        yield Finding(None, "has no reply that is not an error text or the like")


def machine_message(messages: Sequence[Message], expected: Expectations) -> Iterator[Finding]:
    """Catches a user message that is an error text, a tool call or internal notes as a whole.

    The simulated user failed, or was a program. Known false positives: people who paste an error
    without a word of their own.
    """
    for index, message in enumerate(messages):
        if message.role is not Role.USER or index == 0 or message.text == expected.seed_message:
            continue
        if (reason := _machine_reason(message.text)) and not _STACK_TRACE.search(message.text):
            yield Finding(index, f"the user's message {reason}")


@lru_cache(maxsize=64)
def broken_reply_reason(text: str) -> str | None:
    """Returns what a text is instead of a reply, as a phrase to follow "the reply"; else None."""
    return _machine_reason(text) or degenerate_reason(text)


@lru_cache(maxsize=64)
def _machine_reason(text: str) -> str | None:
    start = text[:600].lstrip()
    if len(text) <= LONGEST_ERROR and (
        _ERROR.match(plain(text)) or ("ode" in start and _ERROR_CODE.search(start))
    ):
        return "is an error text"
    if (
        "```" not in text
        and any(map(text.__contains__, _TRACE_MARKS))
        and _STACK_TRACE.search(text)
    ):
        return "holds a stack trace"
    if _is_tool_call(text, start):
        return "is a tool call"
    if _NOTES.match(start) or "assistantfinal" in text or "assistantcommentary" in text:
        return "is made of internal notes"
    return None


def _is_tool_call(text: str, start: str) -> bool:
    stripped = start if len(text) < 600 else text.strip()
    stripped = stripped.rstrip()
    if stripped.startswith("```") and stripped.endswith("```"):
        stripped = re.sub(r"\A```\w*\s*|\s*```\Z", "", stripped)
    if stripped[:1] in "{[" and stripped[-1:] in "}]":
        try:
            value = json.loads(stripped)
        except (ValueError, RecursionError):
            return bool(re.match(r"[\[{]\s*[\"'](?:tool|function|action|name|arguments)", stripped))
        first = value[0] if isinstance(value, list) and value else value
        return isinstance(first, dict) and not _TOOL_KEYS.isdisjoint(map(str.casefold, first))
    if _CALL.match(start) and _CALL.fullmatch(stripped):
        return True
    return any(map(text.__contains__, _TOOL_MARKS)) and _TOOL_CALL.search(text) is not None
