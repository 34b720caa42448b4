"""Which column holds the message, recognised by its name."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from duologue.errors import UsageError

MESSAGE_COLUMNS = (
    *("message", "user_message", "seed_user_message", "seed_message", "first_user_message"),
    *("first_message", "text", "prompt", "query", "question", "input", "utterance"),
    *("content",),
)
"""Names that hold the message, in order of precedence: what says most comes first."""

SEED_ID_COLUMN = "seed_id"

SENTENCE_MARKS = tuple(".?!\u3002\uff1f\uff01\u061f\u0964\u2026\u037e")
"""Latin, full-width, Arabic, Hindi, Greek; a column's name ends with none of them."""

MOST_WORDS_OF_A_NAME = 5
MOST_NAMES_LISTED = 20
MOST_CHARACTERS_LISTED = 40

_TELLING_WORD = re.compile(
    "messages?|prompts?|quer(?:y|ies)|questions?|inputs?|utterances?|instructions?|texts?|contents?"
)

_TELLING_ABROAD = re.compile(
    r"(?i)(?:nachrichte?n?|fragen?|anfragen?|mensajes?|preguntas?|consultas?|messaggi[oi]?|domand[ae]"
    r"|perguntas?|mensagem|mensagens|vraag|vragen|bericht|vraag|pytani[ae]|wiadomość|вопросы?"
    r"|сообщени[ея]|запросы?|soru|mesaj|رسالة|سؤال|प्रश्न|संदेश)|.{0,4}(?:问题|消息|提问|留言|質問"
    r"|メッセージ|問い合わせ|질문|메시지|문의)"
)

_SHORT_TALK = frozenset(
    {
        *("hello", "hi", "hey", "hallo", "hola", "bonjour", "ciao", "olá", "servus", "yo"),
        *("thanks", "thx", "ok", "okay", "yes", "no", "yep", "nope", "help", "please", "bye"),
    }
)


class UnclearColumnsError(UsageError):
    """It is unclear which column holds the message, or whether the first row is a header."""

    def __init__(
        self, message: str, names: Sequence[str] = (), first_row_may_be_message: bool = False
    ) -> None:
        super().__init__(message, names, first_row_may_be_message)
        self.names = tuple(names)
        """What the columns are called, if the first row is a header."""
        self.first_row_may_be_message = first_row_may_be_message


@lru_cache(maxsize=1024)
def normalised(name: str) -> str:
    """Returns a column's name as it is compared: `Seed Message` is `seed_message`."""
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def known_message_columns(names: Iterable[str]) -> list[str]:
    """Returns those of the names that are known to hold the message, by precedence."""
    known = [name for name in names if normalised(name) in MESSAGE_COLUMNS]
    return sorted(known, key=lambda name: MESSAGE_COLUMNS.index(normalised(name)))


def suggests_a_message(name: str) -> bool:
    """Checks whether a name has a word such as "question" in it: `Customer question`, `prompts`."""
    words = re.split(r"[\W_]+", name.lower())
    return any(map(_TELLING_WORD.fullmatch, words)) or bool(_TELLING_ABROAD.fullmatch(name.strip()))


def is_short_talk(text: str) -> bool:
    """Checks whether a text holds a word that people say alone, such as a greeting."""
    return any(word in _SHORT_TALK for word in re.split(r"[\W_]+", text.lower()))


def message_column_among(names: Sequence[str], wanted: str | None, file: str) -> str:
    """Returns the column that is wanted, or else the known one that comes first by precedence.

    Raises:
        UsageError: there is none.
    """
    if wanted is not None:
        if wanted in names:
            return wanted
        raise UsageError(f"{file}: has no column {wanted!r}; its columns are {listed(names)}")
    known = known_message_columns(names)
    has_instruction = any(normalised(name) == "instruction" for name in names)
    if known and not (has_instruction and normalised(known[0]) == "input"):
        return known[0]
    raise UnclearColumnsError(
        f"{file}: none of its columns ({listed(names)}) is known to hold the message; "
        "name the one that does with --message-column NAME",
        names,
    )


def message_note(message_column: str, names: Iterable[str]) -> str:
    """Says which column is the message, and which were passed over although they look like it."""
    others = [name for name in known_message_columns(names) if name != message_column]
    not_others = f", {listed(others)} only goes along as context" if others else ""
    return f"column {message_column!r} is the message{not_others}"


def check_names(names: Sequence[str], file: str) -> None:
    """Raises UsageError if a column has no name, or two have the same."""
    for number, name in enumerate(names, 1):
        if not name:
            raise UsageError(
                f"{file}: column {number} has no name; give it one or take the column out "
                "(pandas leaves it out with index=False, R with row.names=FALSE)"
            )
    for name, count in Counter(names).items():
        if count > 1:
            raise UsageError(f"{file}: {count} columns are named {name!r}; rename all but one")


def reads_like_prose(name: str) -> bool:
    """Checks whether what stands where a column's name should looks like something said."""
    text = name.rstrip("\"'\u201d\u2019\u00bb)")
    return text.endswith(SENTENCE_MARKS) or len(name.split()) > MOST_WORDS_OF_A_NAME


def listed(names: Sequence[str]) -> str:
    """Returns names for a person, cut to what can be read at a glance.

    Where a message stands for a name, it is not shown: an error message may end in a log.
    """
    shown = ", ".join(
        "(a sentence)" if reads_like_prose(name) else repr(name[:MOST_CHARACTERS_LISTED])
        for name in names[:MOST_NAMES_LISTED]
    )
    more = len(names) - MOST_NAMES_LISTED
    return f"{shown} and {more} more" if more > 0 else shown
