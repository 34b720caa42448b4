"""Which Test Suite a run pushes its version to; light to import, for the flows' forms."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from duologue.form import as_form
from duologue.test_suites.per import CasePer


class SuiteOptions(BaseModel):
    """A Vellum Test Suite, and what of a version becomes its cases."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    suite: Annotated[str, Field(pattern=r"\S")]
    """The Test Suite's id or name. It has to be there; Vellum's API cannot create one."""
    per: CasePer = CasePer.CONVERSATION
    """What becomes a case: a conversation up to its last USER message, or its prefix up to each
    one."""
    input_name: str = "chat_history"
    """The Test Suite's input variable of type CHAT_HISTORY."""
    evaluation_name: str | None = None
    """The Test Suite's evaluation variable of type STRING for the chatbot's reply; no reply is
    sent if empty."""
    remove_gone: bool = False
    """Remove the dataset's cases that the version no longer has."""
