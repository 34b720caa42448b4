"""Runs the Workflow on an example: `python -m duologue.workflows.judge_llm.sandbox`.

The prompt is run by Vellum, so that needs `VELLUM_API_KEY`.
"""

from vellum import ChatMessage
from vellum.workflows.inputs import DatasetRow
from vellum.workflows.sandbox import WorkflowSandboxRunner

from .inputs import Inputs
from .workflow import JudgeLlmWorkflow

OPENING = [
    ChatMessage(role="USER", text="What is your refund policy?"),
    ChatMessage(role="ASSISTANT", text="You can return anything within 30 days."),
]

dataset = [
    DatasetRow(
        label="The user takes the chatbot's side",
        inputs=Inputs(
            chat_history=[
                *OPENING,
                ChatMessage(role="USER", text="Great! How else can I help you today?"),
            ]
        ),
    ),
    DatasetRow(
        label="The chatbot contradicts the facts",
        inputs=Inputs(chat_history=OPENING, facts="Returns are accepted within 14 days."),
    ),
    DatasetRow(
        label="Which of two replies is better",
        inputs=Inputs(
            chat_history=OPENING[:1],
            first_reply="You can return anything within 30 days.",
            second_reply="Please see our website.",
        ),
    ),
]

runner = WorkflowSandboxRunner(workflow=JudgeLlmWorkflow(), dataset=dataset)

if __name__ == "__main__":
    runner.run()
