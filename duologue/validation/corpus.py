"""What the conversations of one file have in common: the token with which its users leave."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from duologue.conversation.emptiness import is_empty
from duologue.conversation.messages import Role
from duologue.validation.residue import USUAL_END_MARKER
from duologue.validation.transcripts import Transcript

REGULAR_SHARE, REGULAR_TIMES = 0.1, 3
"""A stop token is regular if the user's last message has it in this share of the conversations, and
this often."""


_WORD = re.compile(r"\W{0,3}(?:end|stop|exit|quit|terminate|finish|done)\W{0,3}", re.IGNORECASE)
"""A message that is nothing but a command to leave, as consoles know it."""


def read_corpus(read: Callable[[], Iterator[Transcript]]) -> tuple[Iterator[Transcript], str]:
    """Reads a file's conversations without the stop token that its users leave with.

    Harnesses end a conversation with a token such as `###STOP###`, or a message that is only
    `exit`. If a file does so regularly, the token is part of its format and no error of the
    conversation.

    Args:
        read: reads the file from the start. It is called twice, so that no file has to fit in
            memory.

    Returns:
        The conversations, and a note on the token that was cut; empty if there is none.
    """
    tokens: Counter[str] = Counter()
    count = 0
    for transcript in read():
        count += 1
        tokens.update(filter(None, [_last_token(transcript)]))
    token, times = tokens.most_common(1)[0] if tokens else ("", 0)
    if times < max(REGULAR_TIMES, REGULAR_SHARE * count):
        return read(), ""
    note = f"{times} of {count} conversations end with the stop token {token}, which was cut"
    return (_without(token, transcript) for transcript in read()), note


def _last_token(transcript: Transcript) -> str | None:
    last = _last_of_user(transcript)
    if last is None:
        return None
    text = transcript.messages[last].text
    found = USUAL_END_MARKER.search(text) or _WORD.fullmatch(text)
    return found[0].strip() if found else None


def _without(token: str, transcript: Transcript) -> Transcript:
    last = _last_of_user(transcript)
    if last is None or _last_token(transcript) != token:
        return transcript
    text = transcript.messages[last].text
    messages, positions = list(transcript.messages), list(transcript.positions)
    messages[last] = replace(messages[last], text=text.replace(token, "").strip())
    if is_empty(messages[last].text):
        del messages[last], positions[last]
    return replace(transcript, messages=tuple(messages), positions=tuple(positions))


def _last_of_user(transcript: Transcript) -> int | None:
    places = (i for i in reversed(range(len(transcript.messages))))
    return next((i for i in places if transcript.messages[i].role is Role.USER), None)
