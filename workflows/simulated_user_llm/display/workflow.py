"""Names the Workflow's output on Vellum, where a Python name could not hold the hyphen."""

from uuid import UUID

from vellum_ee.workflows.display.base import WorkflowOutputDisplay
from vellum_ee.workflows.display.workflows.base_workflow_display import BaseWorkflowDisplay

from ..workflow import SimulatedUserLlmWorkflow


class SimulatedUserLlmWorkflowDisplay(BaseWorkflowDisplay[SimulatedUserLlmWorkflow]):
    """Without it a pushed Workflow's output would be named `final_output`."""

    output_displays = {
        SimulatedUserLlmWorkflow.Outputs.final_output: WorkflowOutputDisplay(
            id=UUID("e93d2b68-7c1f-4e5a-8d27-5b6a9c0d1e44"), name="final-output"
        )
    }
