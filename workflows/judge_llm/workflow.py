"""The Workflow: one node that judges, and its output."""

from vellum.workflows import BaseWorkflow
from vellum.workflows.state import BaseState

from .inputs import Inputs
from .nodes import FinalOutput, Judge


class JudgeLlmWorkflow(BaseWorkflow[Inputs, BaseState]):
    """A language model that reads a conversation and judges it by rubrics.

    Only Vellum can run its prompt, so it needs a key there or `VELLUM_API_KEY` here.
    """

    graph = Judge >> FinalOutput

    class Display(BaseWorkflow.Display):
        """Without a layout, Vellum's editor stacks all nodes at one place."""

        layout = "auto"

    class Outputs(BaseWorkflow.Outputs):
        """On Vellum the output is named `final-output`: see `display/workflow.py`."""

        final_output = FinalOutput.Outputs.value
