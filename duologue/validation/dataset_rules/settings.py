"""What the dataset rules report, and what their findings do."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from duologue.form import as_form
from duologue.validation.dataset_rules.measures import MEASURES
from duologue.validation.rule import Severity

NEAR_DUPLICATES = "near_duplicates"
CANNED_REPLY = "canned_reply"
DRIFT = "drift"

DATASET_RULES = (NEAR_DUPLICATES, CANNED_REPLY, DRIFT)
"""All of them. The finding of a drift names its measure too: `drift:turns`."""

Share = Annotated[float, Field(ge=0, le=1)]


class DatasetRuleSettings(BaseModel):
    """How much of what shows in a dataset as a whole is reported, and how severe it is."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, json_schema_extra=as_form
    )

    severities: dict[str, Severity | Literal["off"]] = {}
    """What the findings of a rule do: `warning` only tells, `invalid` holds the version back,
    `off` tells nothing. By rule: `near_duplicates`, `canned_reply`, `drift`, or the drift of one
    measure, as in `drift:latency_ms`. What is not named is a warning."""
    max_near_duplicate_share: Share = 0.01
    """The share of conversations that may be nearly the same as one of another seed. A few are
    where two seeds ask the same thing."""
    max_canned_reply_share: Share = 0.1
    """The share of conversations in which one reply may come twice or more. It is that of the
    failed ones that a version may have: an outage that looks like success is no better."""
    drift_distances: Annotated[float, Field(gt=0)] = 7
    """How many times their usual distance from their median earlier versions may be left behind.
    With 7, one measure of a chatbot that stays as it is drifts by chance once in 550 nights after
    5 versions, and once in 7,700 after 14."""

    @field_validator("severities")
    @classmethod
    def _names_are_known(
        cls, severities: dict[str, Severity | Literal["off"]]
    ) -> dict[str, Severity | Literal["off"]]:
        known = {*DATASET_RULES, *(f"{DRIFT}:{name}" for name in MEASURES)}
        for name in severities:
            if name not in known:
                raise ValueError(
                    f"there is no dataset rule {name!r}; there are {', '.join(DATASET_RULES)}, "
                    f"and {DRIFT}:NAME with the name of a measure, such as {DRIFT}:latency_ms"
                )
        return severities

    def severity(self, rule: str) -> Severity | None:
        """Says how severe a rule's findings are; None where it is off."""
        general = self.severities.get(rule.partition(":")[0], Severity.WARNING)
        severity = self.severities.get(rule, general)
        return None if severity == "off" else severity
