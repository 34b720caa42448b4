"""What the Workflow is given."""

from vellum import ChatMessage
from vellum.workflows.inputs import BaseInputs


class Inputs(BaseInputs):
    """The Workflow's input variables."""

    chat_history: list[ChatMessage]
    """The conversation so far, the roles as this side sees them: the customer's own messages are
    ASSISTANT, the chatbot's are USER. The first ASSISTANT message is the seed message."""
    persona: str = ""
    """Who the customer is; empty for somebody whom the first message suggests."""
    goal: str = ""
    """What the customer wants to get done."""
    facts: str = ""
    """What the customer knows and may be asked for, such as an order number."""
    language: str = ""
    """The language that the customer writes in; empty for that of the first message."""
