"""A simulated customer: has a goal, follows up, and leaves; offline and deterministic."""

from .workflow import SimulatedUserWorkflow

__all__ = ["SimulatedUserWorkflow"]
