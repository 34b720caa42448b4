"""Runs the Workflow on a few examples: `python -m duologue.workflows.simulated_user.sandbox`."""

from vellum import ChatMessage
from vellum.workflows.inputs import DatasetRow
from vellum.workflows.sandbox import WorkflowSandboxRunner

from .inputs import Inputs
from .workflow import SimulatedUserWorkflow

dataset = [
    DatasetRow(
        label="What is your refund policy?",
        inputs=Inputs(
            chat_history=[
                ChatMessage(role="ASSISTANT", text="What is your refund policy?"),
                ChatMessage(
                    role="USER", text="You can return anything within 30 days for a full refund."
                ),
            ]
        ),
    ),
    DatasetRow(
        label="What time are you open until?",
        inputs=Inputs(
            chat_history=[
                ChatMessage(role="ASSISTANT", text="What time are you open until?"),
                ChatMessage(
                    role="USER", text="That depends on the day. Which day do you have in mind?"
                ),
            ]
        ),
    ),
    DatasetRow(
        label="How much does a one year warranty cost?",
        inputs=Inputs(
            chat_history=[
                ChatMessage(role="ASSISTANT", text="How much does a one year warranty cost?"),
                ChatMessage(
                    role="USER",
                    text="A year is $6 to $39, by the appliance. Which one is it for?",
                ),
            ]
        ),
    ),
]

runner = WorkflowSandboxRunner(workflow=SimulatedUserWorkflow(), dataset=dataset)

if __name__ == "__main__":
    runner.run()
