"""The nodes of the Workflow."""

from .final_output import FinalOutput
from .say import Say

__all__ = ["FinalOutput", "Say"]
