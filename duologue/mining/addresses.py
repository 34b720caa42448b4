"""Finds e-mail addresses, also those that are spelt out or part of a link."""

import re
from collections.abc import Iterator

from duologue.mining.repeated import remembered
from duologue.validation.personal_data import emails

_SPELT_DOT = r"(?:[(\[{] ?(?:dot|punkt|point|punto) ?[)\]}]|(?<= )dot(?= ))"
_SPELT_AT = r"[(\[{] ?(?:at|ät|arobase|arroba) ?[)\]}]"
_SPELT = re.compile(
    rf"(?<![\w.+-])[\w.+-]{{1,64}}(?: ?{_SPELT_DOT} ?[\w+-]{{1,64}}){{0,3}} ?"
    rf"(?:{_SPELT_AT}|(?<= )at(?= )|@) ?"
    rf"[\w-]{{2,63}}(?: ?(?:{_SPELT_DOT}|\.) ?[a-z]{{2,24}}){{1,3}}\b"
    # In `reach me at john[dot]doe[at]…` the address starts after the first `at`.
    rf"(?! ?(?:{_SPELT_AT}|@))",
    re.I,
)
_AT_A_SITE = re.compile(
    r"(?:i|it|them|this|that|me|us|look\w*|order\w*|bought|buy\w*|shop\w*|visit\w*|log\w*|"
    r"sign\w*|register\w*|account|in|up|is|are|was|find|found|book\w*|available|help|support|"
    r"purchase\w*|work\w*|out|online|see|saw|seen|checked|check) at [\w-]+\.|"
    r".+ at www\.",
    re.I,
)
"""As in `I ordered at shop.com`: only a cue or another spelling makes an address of that."""
_IN_LINK = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}%40(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b", re.I)
_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
"""Thai, Lao, Burmese, Khmer, Chinese, Japanese, Korean: no space stands around a foreign word."""


def set_apart(text: str) -> str:
    """Replaces the letters of scripts without spaces by line ends, so that other words end there.

    The result has the length of the text.
    """
    return text if text.isascii() else _WITHOUT_SPACES.sub("\n", text)


@remembered
def addresses_in(text: str) -> Iterator[str]:
    """Yields a text's e-mail addresses as they are written there; one may come twice."""
    yield from emails(text)
    for pattern in (_SPELT, _IN_LINK):
        for match in pattern.finditer(text):
            if not _AT_A_SITE.match(match[0]):
                yield match[0]
