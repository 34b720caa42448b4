"""Names the Workflow's output on Vellum, where a Python name could not hold the hyphen."""

from uuid import UUID

from vellum_ee.workflows.display.base import WorkflowOutputDisplay
from vellum_ee.workflows.display.workflows.base_workflow_display import BaseWorkflowDisplay

from ..workflow import SimulatedUserWorkflow


class SimulatedUserWorkflowDisplay(BaseWorkflowDisplay[SimulatedUserWorkflow]):
    """Without it a pushed Workflow's output would be named `final_output`."""

    output_displays = {
        SimulatedUserWorkflow.Outputs.final_output: WorkflowOutputDisplay(
            id=UUID("a4c6c1d7-3f55-4b86-8f0e-7a3f2f3b9d22"), name="final-output"
        )
    }
