"""The prompt node that says what the customer says next."""

from vellum import (
    ChatMessagePromptBlock,
    JinjaPromptBlock,
    PromptParameters,
    VariablePromptBlock,
)
from vellum.workflows.nodes import InlinePromptNode
from vellum.workflows.state import BaseState

from ..inputs import Inputs
from ..prompt import SYSTEM_PROMPT

MODEL = "gpt-4o"
"""The model's name in your Vellum workspace; put another one here if yours does not offer it."""
TEMPERATURE = 0.9
"""High, because people differ: at 0 every customer writes alike."""
MAX_TOKENS = 2000
"""A customer's message takes 40 tokens. The rest is for models that reason first: with too few they
spend all of them on that, and reply with an empty message."""


class Say(InlinePromptNode[BaseState]):
    """Writes the customer's next message. The prompt is run by Vellum, which needs a key."""

    ml_model = MODEL
    blocks = [
        ChatMessagePromptBlock(
            chat_role="SYSTEM", blocks=[JinjaPromptBlock(template=SYSTEM_PROMPT)]
        ),
        VariablePromptBlock(input_variable="chat_history"),
    ]
    prompt_inputs = {
        "chat_history": Inputs.chat_history,
        "persona": Inputs.persona,
        "goal": Inputs.goal,
        "facts": Inputs.facts,
        "language": Inputs.language,
    }
    parameters = PromptParameters(temperature=TEMPERATURE, max_tokens=MAX_TOKENS)
