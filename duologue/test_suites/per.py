"""What becomes one test case; light to import, for the command line."""

from enum import StrEnum


class CasePer(StrEnum):
    """How many test cases a conversation becomes."""

    CONVERSATION = "conversation"
    """One: its history up to its last USER message."""
    PREFIX = "prefix"
    """One for each USER message: the history up to it."""
