"""Names the Workflow's output on Vellum, where a Python name could not hold the hyphen."""

from uuid import UUID

from vellum_ee.workflows.display.base import WorkflowOutputDisplay
from vellum_ee.workflows.display.workflows.base_workflow_display import BaseWorkflowDisplay

from ..workflow import JudgeLlmWorkflow


class JudgeLlmWorkflowDisplay(BaseWorkflowDisplay[JudgeLlmWorkflow]):
    """Without it a pushed Workflow's output would be named `final_output`."""

    output_displays = {
        JudgeLlmWorkflow.Outputs.final_output: WorkflowOutputDisplay(
            id=UUID("5b0d7a52-93ce-4f2a-a1d6-7f4e0c8b2a19"), name="final-output"
        )
    }
