"""The node that replies."""

from vellum.workflows.nodes.bases import BaseNode
from vellum.workflows.state import BaseState

from ..answering import answer
from ..inputs import Inputs


class Reply(BaseNode[BaseState]):
    """Answers the customer's latest message from the FAQ."""

    chat_history = Inputs.chat_history

    class Outputs(BaseNode.Outputs):
        """The reply."""

        text: str

    def run(self) -> Outputs:
        """Chooses the reply. Messages without text count as empty ones."""
        history = self.chat_history
        customer = [message.text or "" for message in history if message.role == "USER"]
        shop = [message.text or "" for message in history if message.role == "ASSISTANT"]
        return self.Outputs(text=answer(customer, shop))
