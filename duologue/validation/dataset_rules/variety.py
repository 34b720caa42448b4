"""How varied words are, measured so that it does not depend on how many there are."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

WINDOW_WORDS = 50
"""The usual window of MATTR for short texts."""

CHUNK_WORDS = 500
"""Ten conversations or so: enough to show phrases that return from one to the next."""


def moving_type_token_ratio(words: Sequence[str]) -> float | None:
    """Measures MATTR: the share of distinct words in a window, averaged over all windows.

    Source: Covington and McFall, "Cutting the Gordian knot: The moving-average type-token ratio",
    Journal of Quantitative Linguistics 17 (2010).

    Returns:
        Above 0, and 1 where no window repeats a word. Fewer words than a window are one window;
        None where there are no words.
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
    """Measures distinct-2: how many of all pairs of adjacent words are different ones.

    Source: Li and others, "A diversity-promoting objective function for neural conversation
    models" (arXiv 1510.03055). There it falls with the length of the text, so here it is the mean
    over chunks of the same length; words that are left over count only where there is no chunk.

    Returns:
        From above 0 to 1; None where there is no pair.
    """
    whole = range(0, len(words) - CHUNK_WORDS + 1, CHUNK_WORDS)
    chunks = [words[start : start + CHUNK_WORDS] for start in whole] or [words]
    shares = [len(set(pairwise(chunk))) / (len(chunk) - 1) for chunk in chunks if len(chunk) > 1]
    return fmean(shares) if shares else None
