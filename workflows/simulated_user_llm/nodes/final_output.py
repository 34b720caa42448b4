"""The output node."""

from vellum.workflows.nodes import FinalOutputNode
from vellum.workflows.state import BaseState

from .say import Say


class FinalOutput(FinalOutputNode[BaseState, str]):
    """Hands the reply out of the Workflow."""

    class Outputs(FinalOutputNode.Outputs):
        """The reply's text."""

        value = Say.Outputs.text
