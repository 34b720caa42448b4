"""Measures of lexical variety that do not depend on the number of words."""

from collections import Counter
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
    counts = Counter(words[:window])
    distinct_in_all = len(counts)
    for gone, come in zip(words, words[window:], strict=False):
        counts[come] += 1
        counts[gone] -= 1
        if not counts[gone]:
            del counts[gone]
        distinct_in_all += len(counts)
    return distinct_in_all / window / (len(words) - window + 1)


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
