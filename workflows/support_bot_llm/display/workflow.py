"""Names the Workflow's output on Vellum, where a Python name could not hold the hyphen."""

from uuid import UUID

from vellum_ee.workflows.display.base import WorkflowOutputDisplay
from vellum_ee.workflows.display.workflows.base_workflow_display import BaseWorkflowDisplay

from ..workflow import SupportBotLlmWorkflow


class SupportBotLlmWorkflowDisplay(BaseWorkflowDisplay[SupportBotLlmWorkflow]):
    """Without it a pushed Workflow's output would be named `final_output`."""

    output_displays = {
        SupportBotLlmWorkflow.Outputs.final_output: WorkflowOutputDisplay(
            id=UUID("c0b7f9e2-91d4-4f0b-b1a6-2d5c8e7f4a33"), name="final-output"
        )
    }
