"""A transcript, and the rules it breaks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from duologue.conversation.messages import Message
from duologue.settings.rules import Severity
from duologue.validation.check import check_messages, rule_names
from duologue.validation.rule import Expectations, Rule, Violation
from duologue.validation.rules import RULES
from duologue.validation.verdict import Verdict, violations_of

AT_ONCE = 16
"""Transcripts of which part of the work is done at once; more than these save little."""
UNREADABLE = "unreadable"
"""The name of the rule that a transcript breaks which cannot be read."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """One conversation as a file has it, without what neither side said to the other."""

    id: str
    """From the file's `conversation_id`, `id` or the like, with the place after it where the id is
    taken; else the place, `FILE:line`."""
    messages: tuple[Message, ...]
    """Without system messages, tool results, and messages that hold nothing but tool calls. What
    one side says before and after its tool calls is one message. A picture or another file that is
    sent without a word is `[image]`, `[file]` and so on."""
    positions: tuple[int, ...]
    """Where each message is, or begins, among all that the file has; from 0."""
    expected: Expectations
    """What is known of it: something only where Duologue made the file."""
    unreadable: str | None = None
    """Why it could not be read; then it has no messages."""
    domain: str | None = None
    """What it is about, if the file says so in a field such as `domain` or `cluster`."""


@dataclass(frozen=True, slots=True)
class CheckedTranscript:
    """A transcript and the rules it breaks."""

    id: str
    violations: tuple[Violation, ...]
    """In message order. A `message_index` counts all messages that the file has, from 0."""
    verdicts: tuple[Verdict, ...] = ()
    """Of the judges that read it; a `message` counts all messages that the file has, too."""

    @property
    def is_valid(self) -> bool:
        """Whether it breaks no rule of severity `invalid`."""
        return not rule_names(self.violations, Severity.INVALID)


def judged_transcript(
    checked: CheckedTranscript, transcript: Transcript, verdicts: Iterable[Verdict]
) -> CheckedTranscript:
    """Returns a checked transcript with the verdicts of judges on its messages."""
    positioned = tuple(
        verdict
        if verdict.message is None
        else verdict.model_copy(update={"message": transcript.positions[verdict.message]})
        for verdict in verdicts
    )
    found = sorted(
        (*checked.violations, *violations_of(positioned)),
        key=lambda one: -1 if one.message_index is None else one.message_index,
    )
    return replace(checked, violations=tuple(found), verdicts=positioned)


def check_transcript(transcript: Transcript, rules: Sequence[Rule] = RULES) -> CheckedTranscript:
    """Runs rules on a transcript. One that cannot be read is invalid."""
    if transcript.unreadable is not None:
        found: tuple[Violation, ...] = (
            Violation(UNREADABLE, Severity.INVALID, None, transcript.unreadable),
        )
    else:
        found = check_messages(transcript.messages, transcript.expected, rules)
    return CheckedTranscript(
        transcript.id, tuple(_as_positioned(violation, transcript) for violation in found)
    )


def check_transcripts(
    transcripts: Iterable[Transcript], rules: Sequence[Rule] = RULES
) -> Iterator[tuple[Transcript, CheckedTranscript]]:
    """Runs rules on many transcripts: the same findings, sooner than one by one."""
    rest = iter(transcripts)
    ahead = {rule.ahead for rule in rules if rule.ahead is not None}
    while chunk := [*islice(rest, AT_ONCE)]:
        for work in ahead:
            work([one.messages for one in chunk])
        yield from ((one, check_transcript(one, rules)) for one in chunk)


def _as_positioned(violation: Violation, transcript: Transcript) -> Violation:
    if violation.message_index is None:
        return violation
    return replace(violation, message_index=transcript.positions[violation.message_index])
