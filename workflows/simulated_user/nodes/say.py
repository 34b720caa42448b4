"""The node that says what the customer says next."""

from vellum.workflows.nodes.bases import BaseNode
from vellum.workflows.state import BaseState

from ..inputs import Inputs
from ..saying import say


class Say(BaseNode[BaseState]):
    """Follows up on the chatbot's latest message, or says goodbye with the end marker."""

    chat_history = Inputs.chat_history

    class Outputs(BaseNode.Outputs):
        """The message."""

        text: str

    def run(self) -> Outputs:
        """Chooses the message. Messages without text count as empty ones."""
        history = self.chat_history
        own = [message.text or "" for message in history if message.role == "ASSISTANT"]
        chatbot = [message.text or "" for message in history if message.role == "USER"]
        return self.Outputs(text=say(own, chatbot))
