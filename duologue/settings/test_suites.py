"""Which Vellum Test Suite a version is pushed to, or an evaluation runs."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from duologue.settings.options import as_form


class CasePer(StrEnum):
    """How many test cases a conversation becomes."""

    CONVERSATION = "conversation"
    """One: its history up to its last USER message."""
    PREFIX = "prefix"
    """One for each USER message: the history up to it."""


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


class SuiteRunSettings(BaseModel):
    """A Vellum Test Suite that the candidate's replies are put through as well."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    suite: Annotated[str, Field(pattern=r"\S")]
    """The Test Suite's id or name. Its cases are those that `push-test-suite` made of this
    dataset."""
    per: CasePer = CasePer.CONVERSATION
    """What had become a case when it was pushed."""
    output_name: str = "output"
    """What the Test Suite's metrics call the reply."""
    deadline_seconds: Annotated[float, Field(gt=0)] = 1800
    """How long its metrics are waited for."""
