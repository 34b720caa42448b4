"""The Workflow: one node that replies, and its output."""

from vellum.workflows import BaseWorkflow
from vellum.workflows.state import BaseState

from .inputs import Inputs
from .nodes import FinalOutput, Reply


class SupportBotWorkflow(BaseWorkflow[Inputs, BaseState]):
    """A chatbot that answers customers of a small fictional shop from its FAQ, offline."""

    graph = Reply >> FinalOutput

    class Display(BaseWorkflow.Display):
        """Without a layout, Vellum's editor stacks all nodes at one place."""

        layout = "auto"

    class Outputs(BaseWorkflow.Outputs):
        """On Vellum the output is named `final-output`: see `display/workflow.py`."""

        final_output = FinalOutput.Outputs.value
