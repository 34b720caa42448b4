"""What the Workflow is given."""

from vellum import ChatMessage
from vellum.workflows.inputs import BaseInputs

from .rubrics import ALL_RUBRICS


class Inputs(BaseInputs):
    """The Workflow's input variables."""

    chat_history: list[ChatMessage]
    """The conversation to judge: the user's messages are USER, the chatbot's are ASSISTANT."""
    criteria: str = ALL_RUBRICS
    """What to judge: `name: rubric` for each criterion, with an empty line in between."""
    goal: str = ""
    """What the user wanted to get done."""
    facts: str = ""
    """What the user knew, and what the chatbot may rely on."""
    expected_outcome: str = ""
    """How the conversation should end."""
    reference_reply: str = ""
    """A good last reply to compare the last one with."""
    first_reply: str = ""
    """If set, nothing is judged but which of two replies is better: this one, or the second."""
    second_reply: str = ""
    """The other reply."""
