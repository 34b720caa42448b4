"""What a command does before it starts a flow, and what is therefore not measured of one.

To be imported after the flow: the Vellum SDK changes pydantic for all models made after it, those
of Prefect too, which then take longer.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

from duologue.cli.prefect_server import temporary_server


@contextmanager
def begun() -> Iterator[None]:
    """Has Prefect's temporary server running, unless one is configured, and the SDK imported."""
    with temporary_server() as wait_until_ready:
        importlib.import_module("duologue.participants.vellum_deployment")
        wait_until_ready()
        yield
