"""A judge with a language model behind it. Runs on Vellum, or here with a key."""

from .workflow import JudgeLlmWorkflow

__all__ = ["JudgeLlmWorkflow"]
