"""Choosing the customer's next message from the conversation so far."""

import re
from collections.abc import Iterator, Sequence

from . import phrases
from .customer import END, Customer, Style, goal_in
from .goals import ASIDES, STOCK, Goal, Question
from .scenario import NOTHING, Scenario

ALIKE = 0.6
"""The share of words in common (Jaccard) from which a message counts as said before."""
MOST_MESSAGES = 6
"""With so many messages after the seed even the most patient customer leaves."""

_IGNORANT = re.compile(
    r"(?i)\b(?:don't|do not) (?:know|have (?:an? |any )?(?:answer|information|details?))|beyond me|"
    r"no answer|(?:can't|cannot) (?:say|tell|help|find)|not (?:able to|sure|certain)|"
    r"unable to|a detail I don't"
)
_NOT_SOLD = re.compile(
    r"(?i)(?:not something|don't|do not|doesn't) (?:we |currently )?(?:sell|carry|stock)|"
    r"nothing of that kind"
)
_NOT_UNDERSTOOD = re.compile(
    r"(?i)didn't (?:get|catch|understand)|not sure what you mean|don't (?:follow|understand)|"
    r"could you (?:rephrase|clarify)"
)
_ENGLISH_ONLY = re.compile(r"(?i)\bEnglish\b|can't read that")
_SOMEONE = re.compile(r"555|@|(?i:\b(?:phone|call us|counter|contact)\b)")
_GOODBYE = re.compile(r"(?i)\b(?:goodbye|bye|take care|you're welcome|my pleasure|any time)\b")
_OFFER = re.compile(
    r"(?i)anything else|something else|(?:can|may|could) I (?:help|assist|do)|"
    r"would you like (?:me|to know)|like to know|on your mind|let me know"
)
_ASKS = re.compile(
    r"(?i)^(?:do|did|does|is|are|was|were|have|has|can|could) (?:you|it|the|this|that|there)\b"
)
_ENGLISH_WORDS = re.compile(
    r"(?i)\b(?:the|is|are|do|you|your|what|how|when|where|can|my|i|of|to|for|a|an|and)\b"
)


def say(own: Sequence[str], chatbot: Sequence[str], scenario: Scenario = NOTHING) -> str:
    """The customer's next message, with the end marker at its end when it is the last.

    Args:
        own: the customer's messages so far; the first is the seed message. Empty: there is none,
            and the customer opens.
        chatbot: the chatbot's messages so far, the latest last.
        scenario: what the seed says of the customer.
    """
    customer = Customer(own[0] if own else " ".join(chatbot), scenario)
    if not own:
        return customer.styled(customer.opening(customer.substitute_goal)[0])
    latest = chatbot[-1] if chatbot else ""
    possible = _possible(customer, own, chatbot, latest)
    said = [*own, latest]
    for text in possible:
        styled = customer.styled(text, len(own))
        if not _alike_any(styled, said):
            return styled
    return phrases.LAST_RESORT


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9']+", text.lower().replace(END.lower(), "")))


def _alike_any(text: str, others: Sequence[str]) -> bool:
    words = _words(text)
    return any(
        words == theirs or (words and len(words & theirs) >= ALIKE * len(words | theirs))
        for theirs in map(_words, others)
    )


def _possible(
    customer: Customer, own: Sequence[str], chatbot: Sequence[str], latest: str
) -> Iterator[str]:
    """Everything the customer could say next, the likeliest first."""
    goal = _goal(customer, own)
    question = _question_in(latest)
    if len(own) >= MOST_MESSAGES:
        yield from _last_words(customer, goal, latest, _lost(latest))
    elif _ENGLISH_ONLY.search(latest):
        yield from _in_english(customer, chatbot, goal)
    elif _NOT_SOLD.search(latest):
        yield from customer.shuffled(phrases.NOT_SOLD, "not sold")
    elif _lost(latest):
        yield from _unhelped(customer, own, chatbot, latest)
    elif _GOODBYE.search(latest) and not question:
        yield from customer.shuffled(phrases.GOODBYE, "goodbye")
    elif question and goal is STOCK and customer.wants_no_appliance:
        yield from customer.shuffled(phrases.NO_APPLIANCE, "no appliance")
    elif question and (goal or customer.scenario.answer(question)):
        yield from _reply(customer, question, own)
    yield from _follow_up(customer, own, chatbot, goal)
    unhelped = goal is None and any(_lost(text) for text in chatbot)
    yield from _last_words(customer, goal, latest, unhelped)


def _lost(latest: str) -> bool:
    """Whether the chatbot has just said that it cannot help or did not understand."""
    return bool(_IGNORANT.search(latest) or _NOT_UNDERSTOOD.search(latest))


def _goal(customer: Customer, own: Sequence[str]) -> Goal | None:
    """What the customer is after: by the scenario, the seed message, or the messages after it."""
    told = (customer.scenario.goal, *own)
    return next((goal for text in told if (goal := goal_in(text))), None)


def _question_in(latest: str) -> str | None:
    """What the chatbot wants to know; None if it only offers more help or asks nothing."""
    asked = re.findall(r"[^.?!\n]+\?", latest)
    if not asked or _OFFER.search(asked[-1]):
        return None
    question: str = asked[-1].strip()
    return question


def _reply(customer: Customer, question: str, own: Sequence[str]) -> Iterator[str]:
    """Answers to a question of the chatbot's, less patient where it was answered before."""
    facts = customer.facts
    if answer := customer.scenario.answer(question):
        yield answer
    for pattern, answers in phrases.ANSWERS:
        if re.search(pattern, question, re.IGNORECASE):
            texts = [a.format_map(facts) for a in customer.shuffled(answers, pattern)]
            if any(_alike_any(text, own[1:]) for text in texts):
                yield from (t.format(answer=texts[0]) for t in phrases.IMPATIENT)
            yield from texts
    yes_or_no = _ASKS.search(question)
    answers = phrases.YES_ANSWERS if yes_or_no else phrases.UNSURE_ANSWERS
    yield from customer.shuffled(answers, question)


def _in_english(customer: Customer, chatbot: Sequence[str], goal: Goal | None) -> Iterator[str]:
    """What a customer says who was told that only English is spoken."""
    if sum(bool(_ENGLISH_ONLY.search(text)) for text in chatbot) > 1:
        yield from customer.shuffled(phrases.GIVE_UP_AND_CALL, "give up")
    if goal:
        question = customer.opening(goal)[0]
        yield from _around(customer, phrases.IN_ENGLISH, question)
    yield from customer.shuffled(phrases.NO_ENGLISH, "no english")


def _unhelped(
    customer: Customer, own: Sequence[str], chatbot: Sequence[str], latest: str
) -> Iterator[str]:
    """What a customer says who was not understood or not answered: once more, then goodbye."""
    goal = _goal(customer, own)
    someone = any(_SOMEONE.search(text) for text in chatbot)
    if sum(_lost(text) for text in chatbot) > 1:
        yield from _last_words(customer, goal, latest, unhelped=True)
    if _NOT_UNDERSTOOD.search(latest):
        if goal:
            yield from _around(customer, phrases.OTHER_WORDS, customer.opening(goal)[0])
        words = len(_ENGLISH_WORDS.findall(own[0]))
        leads = phrases.OTHER_WORDS if words > 1 else phrases.OOPS
        yield from _around(customer, leads, customer.opening(customer.substitute_goal)[0])
    elif goal is None and customer.chance(50, "change subject"):
        question = customer.opening(customer.substitute_goal)[0]
        yield from _around(customer, phrases.CHANGE_SUBJECT, question)
    elif goal is None and someone and customer.chance(50, "call"):
        yield from customer.shuffled(phrases.GIVE_UP_AND_CALL, "give up")
    elif goal is None or not someone:
        yield from customer.shuffled(phrases.SOMEONE, "someone")


def _around(customer: Customer, leads: Sequence[str], question: str) -> Iterator[str]:
    yield from (lead.format(question=question) for lead in customer.shuffled(leads, "lead"))


def _follow_up(
    customer: Customer, own: Sequence[str], chatbot: Sequence[str], goal: Goal | None
) -> Iterator[str]:
    """The next questions, if any are left; first those that pick up the latest message."""
    latest = chatbot[-1] if chatbot else ""
    if goal is None:
        if not latest or latest.endswith("?") or _OFFER.search(latest) or _lost(latest):
            opening = customer.opening(customer.substitute_goal)[0]
            yield from _around(customer, phrases.FIRST, opening)
        return
    asked = sum("?" in text for text in own[1:])
    if asked >= _patience(customer, goal):
        return
    conversation = "\n".join((*own, *chatbot))
    picked_up = [q for q in goal.questions if q.after]
    others = customer.shuffled([q for q in goal.questions if not q.after], "questions")
    drifts = asked and not customer.is_upset and customer.chance(40, f"aside {asked}")
    asides = customer.shuffled(ASIDES, "asides") if drifts else []
    for question in (*picked_up, *others, *asides):
        text = _asked(customer, question, latest, conversation)
        if text and question.after:
            yield text
        elif text:
            yield _reaction(customer, latest, len(own)) + text


def _patience(customer: Customer, goal: Goal) -> int:
    """How many questions this customer asks after the seed message."""
    if customer.scenario.is_hurried:
        return goal.least_questions
    return customer.choose(range(goal.least_questions, goal.most_questions + 1), "how long")


def _asked(customer: Customer, question: Question, latest: str, conversation: str) -> str | None:
    """A question with its fields filled; None if it does not suit the conversation."""
    found = re.search(question.after, latest)
    unless = question.unless.replace("{other_day}", customer.facts["other_day"])
    if not found or (unless and re.search(unless, conversation)):
        return None
    groups = [group for group in found.groups() if group]
    fitting = [
        t for t in customer.shuffled(question.texts, "texts") if "{1}" not in t or groups[1:]
    ]
    return fitting[0].format(*groups, **customer.facts)


def _reaction(customer: Customer, latest: str, number: int) -> str:
    """A word on what the chatbot has just said, with a space after it; often nothing."""
    if customer.style is Style.CURT:
        return ""
    for pattern, texts in phrases.REACTIONS:
        if found := re.search(pattern, latest):
            # People rarely comment on what they were told before they ask on.
            if not customer.chance(25 if pattern else 10, f"react {number}"):
                return ""
            text = customer.choose(texts, f"reaction {number}")
            return text.format(*found.groups()) + " "
    return ""


def _last_words(
    customer: Customer, goal: Goal | None, latest: str, unhelped: bool
) -> Iterator[str]:
    """Short last messages, each with the end marker."""
    if unhelped:
        if _SOMEONE.search(latest):
            yield from customer.shuffled(phrases.GIVE_UP_AND_CALL, "give up")
        yield from customer.shuffled(phrases.GIVE_UP, "give up")
        return
    if re.search(r"(?i)anything else", latest):
        yield from customer.shuffled(phrases.NOTHING_MORE, "nothing more")
    if goal and customer.chance(75, "goal's last words"):
        for question in goal.content:
            if text := _asked(customer, question, latest, ""):
                yield text
    yield from customer.shuffled(phrases.CONTENT, "content")
