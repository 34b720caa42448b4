"""What the Workflow is given."""

from vellum import ChatMessage
from vellum.workflows.inputs import BaseInputs


class Inputs(BaseInputs):
    """The Workflow's input variables."""

    chat_history: list[ChatMessage]
    """The conversation so far, the roles as this side sees them: the customer's own messages are
    ASSISTANT, the chatbot's are USER. The first ASSISTANT message is the seed message."""
    persona: str = ""
    """Who the customer is; a few words on their manner change how they write."""
    goal: str = ""
    """What the customer wants to get done; empty for what the first message suggests."""
    facts: str = ""
    """What the customer knows: a JSON object of texts, such as an order number."""
