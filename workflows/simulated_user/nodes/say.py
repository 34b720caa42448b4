"""The node that says what the customer says next."""

from vellum.workflows.nodes.bases import BaseNode
from vellum.workflows.state import BaseState

from ..inputs import Inputs
from ..saying import say
from ..scenario import Scenario


class Say(BaseNode[BaseState]):
    """Follows up on the chatbot's latest message, or says goodbye with the end marker."""

    chat_history = Inputs.chat_history
    persona = Inputs.persona
    goal = Inputs.goal
    facts = Inputs.facts

    class Outputs(BaseNode.Outputs):
        """The message."""

        text: str

    def run(self) -> Outputs:
        """Chooses the message. Messages without text count as empty ones."""
        history = self.chat_history
        own = [message.text or "" for message in history if message.role == "ASSISTANT"]
        chatbot = [message.text or "" for message in history if message.role == "USER"]
        scenario = Scenario.of(self.persona, self.goal, self.facts)
        return self.Outputs(text=say(own, chatbot, scenario))
