"""The prompt node that judges."""

from vellum import ChatMessagePromptBlock, JinjaPromptBlock, PromptParameters
from vellum.workflows.nodes import InlinePromptNode
from vellum.workflows.state import BaseState

from ..inputs import Inputs
from ..prompt import JUDGE_PROMPT

MODEL = "gpt-4o"
"""The model's name in your Vellum workspace; put another one here if yours does not offer it."""
TEMPERATURE = 0.0
"""The same conversation should get the same verdict. Raise it to ask for several samples."""
MAX_TOKENS = 2000
"""Verdicts on four criteria take 300 tokens. The rest is for models that reason first."""


class Judge(InlinePromptNode[BaseState]):
    """Judges the conversation. The prompt is run by Vellum, which needs a key."""

    ml_model = MODEL
    blocks = [
        ChatMessagePromptBlock(chat_role="USER", blocks=[JinjaPromptBlock(template=JUDGE_PROMPT)])
    ]
    prompt_inputs = {
        "chat_history": Inputs.chat_history,
        "criteria": Inputs.criteria,
        "goal": Inputs.goal,
        "facts": Inputs.facts,
        "expected_outcome": Inputs.expected_outcome,
        "reference_reply": Inputs.reference_reply,
        "first_reply": Inputs.first_reply,
        "second_reply": Inputs.second_reply,
    }
    parameters = PromptParameters(temperature=TEMPERATURE, max_tokens=MAX_TOKENS)
