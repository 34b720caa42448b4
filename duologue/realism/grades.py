"""Grades: how far above the floor an AUC is.

The distance between the floor, real against real, and 1, always told apart, is divided into six
parts. With the floor at 0.5 the grades end at 0.55, 0.625, 0.725, 0.825 and 0.925. In words: of 100
pairs of a simulated and a real user, a program names the simulated one in up to 55 (A, as good as
guessing), and in more than 92 (F).
"""

from duologue.realism.result import Grade

UP_TO = {Grade.A: 0.1, Grade.B: 0.25, Grade.C: 0.45, Grade.D: 0.65, Grade.E: 0.85}
"""The largest share of the way from the floor to 1, for each grade; above is an F.

A is what halves of real users reach 98 times in 100 with 490 conversations each (WildChat, by
isle-dev/realsim)."""


def grade_of(auc: float, floor: float) -> Grade:
    """Returns the grade of an AUC.

    Args:
        auc: simulated against real.
        floor: real against real; below 0.5 it counts as 0.5.
    """
    lowest = max(floor, 0.5)
    above = (auc - lowest) / max(1 - lowest, 1e-9)
    return next((grade for grade, most in UP_TO.items() if above <= most + 1e-9), Grade.F)
