"""The prompt node that replies."""

from vellum import (
    ChatMessagePromptBlock,
    PlainTextPromptBlock,
    PromptParameters,
    RichTextPromptBlock,
    VariablePromptBlock,
)
from vellum.workflows.nodes import InlinePromptNode
from vellum.workflows.state import BaseState

from ..inputs import Inputs
from ..prompt import SYSTEM_PROMPT

MODEL = "gpt-4o-mini"
"""The model's name in your Vellum workspace; put another one here if yours does not offer it."""


MAX_TOKENS = 2000
"""A reply takes 80 tokens. The rest is for models that reason first: with too few they spend all of
them on that, and reply with an empty message."""


class Reply(InlinePromptNode[BaseState]):
    """Answers the customer's latest message. The prompt is run by Vellum, which needs a key."""

    ml_model = MODEL
    blocks = [
        ChatMessagePromptBlock(
            chat_role="SYSTEM",
            blocks=[RichTextPromptBlock(blocks=[PlainTextPromptBlock(text=SYSTEM_PROMPT)])],
        ),
        VariablePromptBlock(input_variable="chat_history"),
    ]
    prompt_inputs = {"chat_history": Inputs.chat_history}
    parameters = PromptParameters(temperature=0.3, max_tokens=MAX_TOKENS)
