"""Restricts which code a flow run may import."""

import os

from prefect.runtime import deployment

from duologue.own_code import VARIABLE, allowed_by, allowed_code


def restrict_code() -> None:
    """Restricts a Prefect deployment to the modules that its worker allows.

    Without a deployment, people run any code that they name.

    Raises:
        UsageError: the worker's variable is not a list of modules.
    """
    is_deployed = deployment.id is not None
    allowed_code.set(allowed_by(os.environ.get(VARIABLE, "")) if is_deployed else None)
