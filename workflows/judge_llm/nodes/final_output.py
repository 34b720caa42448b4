"""The output node."""

from vellum.workflows.nodes import FinalOutputNode
from vellum.workflows.state import BaseState

from .judge import Judge


class FinalOutput(FinalOutputNode[BaseState, str]):
    """Hands the verdicts out of the Workflow."""

    class Outputs(FinalOutputNode.Outputs):
        """The verdicts as JSON."""

        value = Judge.Outputs.text
