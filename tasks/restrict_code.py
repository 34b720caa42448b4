"""Which code a flow run may be asked to import."""

import os

from prefect.context import FlowRunContext

from duologue.allowed_code import VARIABLE, allowed_by, allowed_code


def restrict_code() -> None:
    """Keeps a Prefect deployment to what its worker allows; anyone else runs what they name.

    Raises:
        UsageError: the worker's variable does not name modules.
    """
    # Not prefect.runtime's deployment, which asks the server again for what is known here.
    context = FlowRunContext.get()
    assert context is not None  # it is called within flows
    assert context.flow_run is not None
    is_deployed = context.flow_run.deployment_id is not None
    allowed_code.set(allowed_by(os.environ.get(VARIABLE, "")) if is_deployed else None)
