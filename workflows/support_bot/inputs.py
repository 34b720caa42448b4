"""What the Workflow is given."""

from vellum import ChatMessage
from vellum.workflows.inputs import BaseInputs


class Inputs(BaseInputs):
    """The Workflow's input variables."""

    chat_history: list[ChatMessage]
    """The conversation so far: the customer's messages are USER, the shop's ASSISTANT."""
