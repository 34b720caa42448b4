"""Measures of lexical variety that do not depend on the number of words."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

WINDOW_WORDS = 50
"""The usual window of MATTR for short texts."""

CHUNK_WORDS = 500
"""About ten conversations: enough to show phrases that recur from one to the next."""


def moving_type_token_ratio(words: Sequence[str]) -> float | None:
    """Returns MATTR: the share of distinct words in a window, averaged over all windows.

    Source: Covington and McFall, "Cutting the Gordian knot: The moving-average type-token ratio",
    Journal of Quantitative Linguistics 17 (2010).

    Returns:
        Above 0; 1 if no window repeats a word. Fewer words than a window count as one window. None
        if there are no words.
    """
    if not words:
        return None
    window = min(WINDOW_WORDS, len(words))
    windows = len(words) - window + 1
    # A word is new in each window that holds it and starts after its last use.
    earliest: dict[str, int] = {}
    distinct_in_all = 0
    for index, word in enumerate(words):
        start = earliest.get(word, 0)
        if start <= index - window:
            start = index - window + 1
        earliest[word] = index + 1
        if start < windows:
            distinct_in_all += (index + 1 if index < windows else windows) - start
    return distinct_in_all / window / windows


def distinct_pairs(words: Sequence[str]) -> float | None:
    """Returns distinct-2: the share of distinct pairs among all pairs of adjacent words.

    Source: Li and others, "A diversity-promoting objective function for neural conversation
    models" (arXiv 1510.03055). The original measure falls with the length of the text, so this is
    the mean over chunks of equal length; left-over words count only if there is no full chunk.

    Returns:
        Above 0, up to 1; None if there is no pair.
    """
    whole = range(0, len(words) - CHUNK_WORDS + 1, CHUNK_WORDS)
    chunks = [words[start : start + CHUNK_WORDS] for start in whole] or [words]
    shares = [len(set(pairwise(chunk))) / (len(chunk) - 1) for chunk in chunks if len(chunk) > 1]
    return fmean(shares) if shares else None
