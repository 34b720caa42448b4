"""What the conversations of one file have in common: the token with which its users leave."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from duologue.conversation.emptiness import is_empty
from duologue.conversation.messages import Role
from duologue.validation.residue import usual_end_marker
from duologue.validation.transcripts import Transcript

REGULAR_SHARE, REGULAR_TIMES = 0.1, 3
"""A stop token is regular if the user's last message has it in this share of the conversations, and
this often."""


_WORD = re.compile(r"\W{0,3}(?:end|stop|exit|quit|terminate|finish|done)\W{0,3}", re.IGNORECASE)
"""A message that is nothing but a command to leave, as consoles know it."""


def without_stop_token(transcripts: Iterable[Transcript]) -> tuple[list[Transcript], str]:
    """Cuts the stop token that the users of a file leave with.

    Harnesses end a conversation with a token such as `###STOP###`, or a message that is only
    `exit`. If a file does so regularly, the token is part of its format and no error of the
    conversation.

    Returns:
        The conversations, and a note on the token that was cut; empty if there is none.
    """
    transcripts = list(transcripts)
    tokens = Counter(filter(None, map(_last_token, transcripts)))
    token, times = tokens.most_common(1)[0] if tokens else ("", 0)
    if times < max(REGULAR_TIMES, REGULAR_SHARE * len(transcripts)):
        return transcripts, ""
    note = f"{times} of {len(transcripts)} conversations end with the stop token {token}"
    return [_without(token, transcript) for transcript in transcripts], f"{note}, which was cut"


def _last_token(transcript: Transcript) -> str | None:
    last = _last_of_user(transcript)
    text = "" if last is None else transcript.messages[last].text
    found = usual_end_marker(text) or _WORD.fullmatch(text)
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
