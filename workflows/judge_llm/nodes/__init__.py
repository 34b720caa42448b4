"""The nodes of the Workflow."""

from .final_output import FinalOutput
from .judge import Judge

__all__ = ["FinalOutput", "Judge"]
