"""Runs the Workflow on a few examples: `python -m duologue.workflows.support_bot.sandbox`."""

from vellum import ChatMessage
from vellum.workflows.inputs import DatasetRow
from vellum.workflows.sandbox import WorkflowSandboxRunner

from .inputs import Inputs
from .workflow import SupportBotWorkflow

dataset = [
    DatasetRow(
        label="What is your refund policy?",
        inputs=Inputs(
            chat_history=[
                ChatMessage(role="USER", text="What is your refund policy?"),
            ]
        ),
    ),
    DatasetRow(
        label="What time are you open until?",
        inputs=Inputs(
            chat_history=[
                ChatMessage(role="USER", text="What time are you open until?"),
            ]
        ),
    ),
    DatasetRow(
        label="How much does a one year warranty cost?",
        inputs=Inputs(
            chat_history=[
                ChatMessage(role="USER", text="How much does a one year warranty cost?"),
            ]
        ),
    ),
]

runner = WorkflowSandboxRunner(workflow=SupportBotWorkflow(), dataset=dataset)

if __name__ == "__main__":
    runner.run()
