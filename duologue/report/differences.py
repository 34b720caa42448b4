"""Which words differ between two texts, so that they can be marked side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from duologue.conversation.wording import pieces


@dataclass(frozen=True, slots=True)
class Part:
    """Some words of a text. All parts, joined, are the text."""

    text: str
    differs: bool
    """The other text doesn't have them here."""


def differences(one: str, other: str) -> tuple[list[Part], list[Part]]:
    """Marks the words of each text that the other lacks; white space alone makes no difference.

    A single word that stands between two differences counts as one of them: what is left of a
    sentence is not easier to read for an "of" that stayed where it was.
    """
    ours, theirs = pieces(one), pieces(other)
    matcher = SequenceMatcher(None, _bare(ours), _bare(theirs))
    shared = [
        block
        for block in matcher.get_matching_blocks()
        if block.size > 1
        or (block.size == 1 and block.a == block.b == 0)
        or (block.size == 1 and block.a + 1 == len(ours) and block.b + 1 == len(theirs))
    ]
    return (
        _parts(ours, [(block.a, block.a + block.size) for block in shared]),
        _parts(theirs, [(block.b, block.b + block.size) for block in shared]),
    )


def _bare(words: Sequence[str]) -> list[str]:
    return [word.rstrip() for word in words]


def _parts(words: Sequence[str], shared: Sequence[tuple[int, int]]) -> list[Part]:
    """Cuts a text where it stops or starts to be shared."""
    parts: list[Part] = []
    done = 0
    for start, end in (*shared, (len(words), len(words))):
        parts += _differing("".join(words[done:start]))
        parts.append(Part("".join(words[start:end]), differs=False))
        done = end
    return [part for part in parts if part.text]


def _differing(text: str) -> Iterator[Part]:
    """Leaves the white space at its end unmarked."""
    words = text.rstrip()
    yield Part(words, differs=True)
    yield Part(text[len(words) :], differs=False)
