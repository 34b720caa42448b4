"""The two sides of a comparison."""

from enum import StrEnum


class Side(StrEnum):
    """Which of the two chatbots talked."""

    BASELINE = "baseline"
    """The chatbot without the change."""
    CANDIDATE = "candidate"
    """The chatbot with the change."""
