"""The nodes of the Workflow."""

from .final_output import FinalOutput
from .reply import Reply

__all__ = ["FinalOutput", "Reply"]
