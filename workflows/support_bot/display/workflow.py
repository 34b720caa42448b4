"""Names the Workflow's output on Vellum, where a Python name could not hold the hyphen."""

from uuid import UUID

from vellum_ee.workflows.display.base import WorkflowOutputDisplay
from vellum_ee.workflows.display.workflows.base_workflow_display import BaseWorkflowDisplay

from ..workflow import SupportBotWorkflow


class SupportBotWorkflowDisplay(BaseWorkflowDisplay[SupportBotWorkflow]):
    """Without it a pushed Workflow's output would be named `final_output`."""

    output_displays = {
        SupportBotWorkflow.Outputs.final_output: WorkflowOutputDisplay(
            id=UUID("5f0a3d5e-6d0d-4c35-9a43-0f6f6b0f2c11"), name="final-output"
        )
    }
