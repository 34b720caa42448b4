"""The shop's chatbot with a language model behind it. Runs on Vellum, or here with a key."""

from .workflow import SupportBotLlmWorkflow

__all__ = ["SupportBotLlmWorkflow"]
