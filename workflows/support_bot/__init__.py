"""The shop's chatbot: answers from the FAQ of Kettle & Crumb, offline and deterministic."""

from .workflow import SupportBotWorkflow

__all__ = ["SupportBotWorkflow"]
