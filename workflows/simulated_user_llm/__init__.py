"""A simulated customer with a language model behind it. Runs on Vellum, or here with a key."""

from .workflow import SimulatedUserLlmWorkflow

__all__ = ["SimulatedUserLlmWorkflow"]
