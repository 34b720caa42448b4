"""The Workflow: one node that replies, and its output."""

from vellum.workflows import BaseWorkflow
from vellum.workflows.state import BaseState

from .inputs import Inputs
from .nodes import FinalOutput, Say


class SimulatedUserWorkflow(BaseWorkflow[Inputs, BaseState]):
    """A customer of a small shop who asks, asks on, and leaves when content; offline."""

    graph = Say >> FinalOutput

    class Display(BaseWorkflow.Display):
        """Without a layout, Vellum's editor stacks all nodes at one place."""

        layout = "auto"

    class Outputs(BaseWorkflow.Outputs):
        """On Vellum the output is named `final-output`: see `display/workflow.py`."""

        final_output = FinalOutput.Outputs.value
