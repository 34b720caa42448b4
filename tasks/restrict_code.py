"""Which code a flow run may be asked to import."""

import os

from prefect.runtime import deployment

from duologue.own_code import VARIABLE, allowed_by, allowed_code


def restrict_code() -> None:
    """Keeps a Prefect deployment to what its worker allows; anyone else runs what they name.

    Raises:
        UsageError: the worker's variable does not name modules.
    """
    is_deployed = deployment.id is not None
    allowed_code.set(allowed_by(os.environ.get(VARIABLE, "")) if is_deployed else None)
