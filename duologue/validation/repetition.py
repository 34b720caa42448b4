"""Rules on messages that repeat earlier ones."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from duologue.conversation.courtesy import is_greeting
from duologue.conversation.farewells import is_farewell
from duologue.conversation.messages import Message, Role
from duologue.conversation.wording import (
    ENOUGH_WORDS,
    NEARLY_THE_SAME,
    Wording,
    are_alike,
    length_in_words,
    likeness,
    says_the_same,
    wording,
)
from duologue.validation.rule import Expectations, Finding

VERBATIM_ENOUGH_WORDS = 3
"""A reply of this many words that equals the message before it, punctuation included, is an echo.
("Monday to Friday?" and "Monday to Friday." are question and confirmation.)"""

SAME_WORDS = 4
"""A message of this many words that has the same words, but other punctuation, is an echo too."""

GOODBYE_ENOUGH_WORDS = 8
"""The same for goodbyes, which two sides may well word alike: "Thank you! Have a great day!"."""

MESSAGES_REMEMBERED = 8
"""How many earlier messages of its speaker a message is compared with for near repetition, so that
the work grows linearly with the conversation. Verbatim repetition is found over any distance."""

TIMES, SHARE = 3, 0.1
"""A user who says the same this often, and in this share of the messages, is stuck or a program."""
SHORT = 6
"""Messages of fewer words are short: "yes", "that's fine with me"."""
SHORT_TIMES, SHORT_SHARE, MOST_SHARE = 4, 0.55, 0.75
"""Short messages have to come this often and make up this share of what the user says. Three times
suffice if they are most of it."""
COURTESY_TIMES = 5
"""Thanks and goodbyes have to come this often: two sides may take their time to part."""
CEREMONY_WORDS, CEREMONY_MESSAGES = 12, 6
"""A single echo of fewer words at the start, or in the last eighth of a conversation with more
messages, is an exchange of courtesies, in whatever language."""
NEARLY_VERBATIM = 0.85
"""The share of words in common from which messages count as repeated. People who work on a request
change more: "brand names for fitness, 100 words", "brand names for fitness, 100 names"."""
REWORDED, REWORDED_TIMES, REWORDED_SHARE = 0.5, 4, 0.5
"""Messages with this share of words in common say the same in other words. Two sides get nowhere if
the user does so this often, in this share of the messages, and gets the same answer each time."""
TEMPLATE_TIMES, TEMPLATE_SHARE, TEMPLATE_WORDS = 4, 0.5, 6
"""Messages of this many words that differ in one word count as a template if the user fills it this
often, and in this share of the messages."""

SHORT_CYCLE_ROUNDS = 3
"""Two messages, A B, have to come round this often: a bot may ask the same question twice and get
the same answer. If what the user says is not short, two and a half rounds suffice, A B A B A.
Longer cycles count from the second round."""
MAX_CYCLE = 24
"""The longest cycle looked for, in messages."""
CYCLE_WORDS = 6
"""Distinct words that a cycle needs: "yes" and "next?" come again by chance."""


def user_echoes_assistant(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches a user who says what the assistant has just said.

    It happens if a generator files the assistant's reply under the user's name, and with models
    that begin to mirror each other ("Echoing", arXiv 2511.09710). Greetings and goodbyes that both
    sides exchange do not count, nor does a text that the user sends back with a request before it.
    Known false positives: a user who reads a whole sentence back without adding anything.
    """
    yield from _echoes(messages, Role.USER, nearly_the_same)


def assistant_echoes_user(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches an assistant that says what the user has just said.

    Source: "Echoing", arXiv 2511.09710. Known false positives: assistants that are meant to repeat,
    such as one that corrects or translates a text with little to correct.
    """
    yield from _echoes(messages, Role.ASSISTANT, nearly_the_same)


def opening_restated(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches a later user message that repeats the user's first one.

    A simulated user that cannot see its own opening states it again. From the third time on it is
    also `user_repeats_itself`. Known false positives: a user who insists, or is asked to repeat.
    """
    spoken = _spoken_by(Role.USER, messages)
    for index, text in spoken[1:]:
        if says_the_same(text, spoken[0][1], nearly_the_same):
            yield Finding(index, f"{_how_alike(text, spoken[0][1])} as the user's first message")


def user_repeats_itself(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches a user who sends the same message three times or more, or fills in one template.

    Verbatim or nearly so, in a row or not. Short messages must come four times and be most of what
    the user says; a template with one word changed each time, four times and half of it. Known
    false positives: people who send a request again to get another answer, or click through a menu.
    """
    spoken = _spoken_by(Role.USER, messages)
    if len(spoken) < TIMES:
        return
    for places in _repeated(spoken, nearly_the_same):
        texts = [spoken[place][1] for place in places]
        if len(places) >= _times_allowed(texts[0], len(spoken)) + (not _has_twins(texts)):
            index = spoken[places[TIMES - 1]][0]
            yield Finding(index, f"one of {len(places)} user messages that say the same")
            return
    said = [wording(text) for _, text in spoken]
    filled = _longest_template(said)
    if len(filled) >= max(TEMPLATE_TIMES, TEMPLATE_SHARE * len(spoken)):
        detail = f"one of {len(filled)} user messages that differ in one word"
        yield Finding(spoken[filled[TIMES - 1]][0], detail)


def repeated_message(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches a message sent twice in a row by the user, or three times by the assistant.

    Standing phrases that come again later do not count, nor do greetings and goodbyes. What the
    user says for the third time is `user_repeats_itself`. Known false positives: a user who
    insists, an assistant that has to give the same answer to different requests.
    """
    likeness_asked = max(nearly_the_same, NEARLY_VERBATIM)
    yield from _repeats(_spoken_by(Role.USER, messages), 2, likeness_asked)
    yield from _repeats(_spoken_by(Role.ASSISTANT, messages), 3, likeness_asked)


def loop(
    messages: Sequence[Message],
    _expected: Expectations,
    *,
    nearly_the_same: float = NEARLY_THE_SAME,
) -> Iterator[Finding]:
    """Catches two sides that go round in circles: A, B, A, B, A, B or A, B, C, D, A, B, C, D.

    A cycle of two messages counts from the third round, a longer one from the second. So does a
    user who starts over with its first two messages, or who asks the same in other words four times
    and always gets the same answer. Goodbyes are left to `farewell_tail`. Source: CAMEL, arXiv
    2303.17760. Known false positives: games and drills that are meant to repeat.
    """
    cycle = _cycle(messages, nearly_the_same)
    if cycle is not None:
        yield Finding(cycle[0], f"from here on the {cycle[1]} messages before are repeated")
    elif (restart := _restart(messages, nearly_the_same)) is not None:
        yield Finding(
            restart, "the user starts over: from here on it says again what it said first"
        )
    elif (stuck := _stuck(messages)) is not None:
        yield Finding(stuck, "asked again in other words, and answered the same again")


def _cycle(messages: Sequence[Message], nearly_the_same: float) -> tuple[int, int] | None:
    """Returns where the first cycle comes again, and its length in messages; None if none does."""
    count = len(messages)
    kinds = _kinds(tuple(message.text for message in messages), nearly_the_same)
    if len(set(kinds)) > count - 2:
        return None

    def comes_again(index: int, before: int) -> bool:
        if kinds[index] == kinds[before]:
            return True
        # In a longer cycle the user may use other words for the same.
        one, other = messages[index], messages[before]
        is_reworded = index - before > 2 and one.role is other.role is Role.USER
        return is_reworded and are_alike(wording(one.text), wording(other.text), REWORDED)

    for period in range(2, min(MAX_CYCLE, count // 2) + 1, 2):
        run = 0
        for index in range(period, count):
            run = run + 1 if comes_again(index, index - period) else 0
            round_ = messages[index - period + 1 : index + 1]
            if run == _repeated_allowed(round_) and _is_cycle([m.text for m in round_]):
                return index - run + 1, period
    return None


def _restart(messages: Sequence[Message], nearly_the_same: float) -> int | None:
    """Returns where the user sends its opening again, and then its second message again."""
    likeness_asked = max(nearly_the_same, NEARLY_VERBATIM)
    texts = tuple(text for _, text in _spoken_by(Role.USER, messages))
    if len(set(_kinds(texts, likeness_asked))) > len(texts) - 2:
        return None
    spoken = [
        (index, message.text)
        for index, message in enumerate(messages)
        if message.role is Role.USER
        and length_in_words(message.text) >= ENOUGH_WORDS
        and not is_farewell(message.text)
    ]
    kinds = _kinds(tuple(text for _, text in spoken), likeness_asked)
    if len(set(kinds)) > len(kinds) - 2 or kinds[0] == kinds[1]:
        return None
    for place in range(2, len(kinds) - 1):
        if kinds[place : place + 2] == kinds[:2]:
            return spoken[place][0]
    return None


def _stuck(messages: Sequence[Message]) -> int | None:
    """Returns where the user asks the same for the fourth time and gets the same answer again."""
    asked = [
        (index, wording(message.text), wording(answer.text))
        for index, (message, answer) in enumerate(pairwise(messages))
        if message.role is Role.USER and answer.role is Role.ASSISTANT
    ]
    least = max(REWORDED_TIMES, REWORDED_SHARE * len(asked))
    if least > len(asked):
        return None
    for _, question, answer in asked:
        places = [
            index
            for index, again, answered in asked
            if are_alike(question, again, REWORDED) and are_alike(answer, answered, REWORDED)
        ]
        if len(places) >= least:
            return places[REWORDED_TIMES - 1]
    return None


def _repeated_allowed(round_: Sequence[Message]) -> int:
    """Returns from how many repeated messages on two sides go round in circles."""
    if len(round_) > 2:
        return len(round_)
    is_short = any(length_in_words(m.text) < SHORT for m in round_ if m.role is Role.USER)
    return 2 * (SHORT_CYCLE_ROUNDS - 1) - (not is_short)


def _echoes(messages: Sequence[Message], role: Role, nearly_the_same: float) -> Iterator[Finding]:
    found = [
        (index, message.text, before)
        for index, (before, message) in enumerate(pairwise(messages), start=1)
        if message.role is role
        and before.role is not role
        and _is_echo(message.text, before.text, nearly_the_same)
    ]
    if len(found) == 1 and _is_ceremony(found[0][0], found[0][1], messages):
        return
    for index, text, before in found:
        yield Finding(
            index, f"{_how_alike(text, before.text)} as the {before.role} message before it"
        )


def _is_ceremony(index: int, text: str, messages: Sequence[Message]) -> bool:
    """Reports whether a short message is one with which two sides meet or part."""
    meets = index == 1 and messages[index].role is Role.USER
    count = len(messages)
    parts = count > CEREMONY_MESSAGES and index >= count - max(2, count // 8)
    return (meets or parts) and length_in_words(text) < CEREMONY_WORDS


def _is_echo(text: str, before: str, nearly_the_same: float) -> bool:
    this, other = wording(text), wording(before)
    is_verbatim = this.words == other.words and this.letters == other.letters
    if not is_verbatim and not are_alike(this, other, nearly_the_same):
        return False
    if is_greeting(text) or is_greeting(before):
        return False
    length = length_in_words(text)
    if is_farewell(text) or is_farewell(before):
        return is_verbatim and length >= GOODBYE_ENOUGH_WORDS
    if not is_verbatim and length < (SAME_WORDS if this.words == other.words else ENOUGH_WORDS):
        return False
    return length >= VERBATIM_ENOUGH_WORDS and not _is_sent_back(this, other)


def _is_sent_back(this: Wording, before: Wording) -> bool:
    """Reports whether a message is a request followed by the text before it, or by most of it."""
    starts_otherwise = this.words[:2] != before.words[:2] and len(this.words) > len(before.words)
    return starts_otherwise and this.words[-2:] == before.words[-2:]


def _times_allowed(text: str, of_messages: int) -> float:
    """Returns from how many times on a message is sent too often."""
    if is_farewell(text) or is_greeting(text):
        return max(COURTESY_TIMES, SHORT_SHARE * of_messages)
    if length_in_words(text) >= SHORT:
        return max(TIMES, SHARE * of_messages)
    often = max(SHORT_TIMES, SHORT_SHARE * of_messages)
    return min(often, max(TIMES, MOST_SHARE * of_messages))


def _repeated(spoken: Sequence[tuple[int, str]], nearly_the_same: float) -> Iterator[list[int]]:
    """Yields groups of messages that say the same; with verbatim ones in it, by more likeness."""
    yield from _groups(spoken, max(nearly_the_same, NEARLY_VERBATIM))
    if nearly_the_same < NEARLY_VERBATIM and _has_twins([text for _, text in spoken]):
        for places in _groups(spoken, nearly_the_same):
            if _has_twins([spoken[place][1] for place in places]):
                yield places


def _has_twins(texts: Sequence[str]) -> bool:
    return len({wording(text).words for text in texts}) < len(texts)


def _groups(spoken: Sequence[tuple[int, str]], nearly_the_same: float) -> list[list[int]]:
    """Groups messages that say the same; the largest group first, each as places in `spoken`."""
    kinds = _kinds(tuple(text for _, text in spoken), nearly_the_same)
    largest = [kind for kind, count in Counter(kinds).most_common() if count >= TIMES]
    return [[place for place, kind in enumerate(kinds) if kind == chosen] for chosen in largest]


# Several rules ask about the same messages.
@lru_cache(maxsize=8)
def _kinds(texts: tuple[str, ...], nearly_the_same: float) -> tuple[int, ...]:
    """Numbers texts so that those that say the same, verbatim or nearly, share a number."""
    verbatim: dict[object, int] = {}
    recent: deque[tuple[Wording, int]] = deque(maxlen=MESSAGES_REMEMBERED)
    kinds = []
    for number, text in enumerate(texts):
        said = wording(text)
        key = said.words or said.letters
        kind = verbatim.get(key)
        if kind is None:
            kind = number
            for other, of_other in recent:
                if are_alike(said, other, nearly_the_same):
                    kind = of_other
                    break
            verbatim[key] = kind
            recent.append((said, kind))
        kinds.append(kind)
    return tuple(kinds)


def _longest_template(said: Sequence[Wording]) -> list[int]:
    """Returns the places of the most messages that differ from one of them in at most one word."""
    best: list[int] = []
    for first, one in enumerate(said[:MESSAGES_REMEMBERED]):
        if len(one.words) < TEMPLATE_WORDS:
            continue
        places = [
            place
            for place, other in enumerate(said[first:], first)
            if len(other.words) == len(one.words) and _differ_in_one(one.words, other.words)
        ]
        best = max(best, places, key=len)
    return best


def _differ_in_one(one: Sequence[str], other: Sequence[str]) -> bool:
    """Reports whether two messages of the same length are the same but for at most one word."""
    return one == other or sum(map(str.__ne__, one, other)) <= 1


def _repeats(
    spoken: Sequence[tuple[int, str]], times: int, nearly_the_same: float
) -> Iterator[Finding]:
    """Finds messages of one speaker that say the same as the `times - 1` ones before."""
    run = 1
    for (_, before), (index, text) in pairwise(spoken):
        is_same = says_the_same(text, before, nearly_the_same) and length_in_words(text) >= SHORT
        run = run + 1 if is_same and not is_farewell(text) and not is_greeting(text) else 1
        if run >= times:
            yield Finding(index, f"{_how_alike(text, before)} as just before by the same side")


def _is_cycle(round_: Sequence[str]) -> bool:
    """Reports whether the messages of one round say enough to repeat by more than chance."""
    distinct = set().union(*(wording(text).distinct for text in round_))
    return len(distinct) >= CYCLE_WORDS and not all(map(is_farewell, round_))


def _spoken_by(role: Role, messages: Sequence[Message]) -> list[tuple[int, str]]:
    return [(index, message.text) for index, message in enumerate(messages) if message.role is role]


def _how_alike(one: str, other: str) -> str:
    same = wording(one).words == wording(other).words
    return "the same words" if same else f"nearly the same words ({likeness(one, other):.0%})"
