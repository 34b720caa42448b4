"""Which judges read the conversations, what they are asked, and what their verdicts do."""

from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field

from duologue.errors import UsageError
from duologue.settings.options import AtLeastOne, NotBlank, Options, Share
from duologue.settings.participants import (
    ParticipantInputs,
    ParticipantKind,
    ParticipantMode,
    ParticipantSettings,
)
from duologue.settings.rules import Severity

USER_IN_ROLE = "user_in_role"
GOAL_REACHED = "goal_reached"
REPLY_QUALITY = "reply_quality"
GROUNDED = "grounded"

BUNDLED_RUBRICS = (USER_IN_ROLE, GOAL_REACHED, REPLY_QUALITY, GROUNDED)
"""The criteria whose rubrics come with Duologue: `workflows/judge_llm/rubrics.py`."""

ABOUT_REPLIES = (REPLY_QUALITY, GROUNDED)
"""Those of them that a single reply of an evaluation is judged by."""

PREFERRED = "preferred"
"""The criterion of the pairwise question: is the reply as good as the reference reply?"""

JUDGE_COLUMNS = (
    *("goal", "facts", "persona", "expected_outcome", "criteria", "transcript"),
    *("reply", "reference_reply", "first_reply", "second_reply"),
    *("message", "seed_id", "conversation_id"),
)
"""What a judge can receive besides the messages, by name; text, and empty where there is none."""

CRITERION = r"^[^\W\d]\w*$"

Criterion = Annotated[str, Field(pattern=CRITERION)]


class JudgeOptions(Options):
    """One judge: what reads the conversations, what it is asked, and what its verdicts do."""

    reference: NotBlank
    """The judge, named like the chatbot: a Workflow Deployment as NAME or NAME@release_tag,
    prompt:NAME, metric:NAME for a Vellum metric, openai:MODEL, python:package.module:function,
    local:package.module, or the URL of a JSON endpoint."""
    name: str = ""
    """What its verdicts call it; its reference if empty."""
    criteria: tuple[Criterion, ...] = ()
    """What it judges: names of bundled rubrics (user_in_role, goal_reached, reply_quality,
    grounded) or your own. If empty, a judge that takes rubrics gets the bundled ones, and every
    other judge names its criteria itself."""
    rubrics: dict[Criterion, NotBlank] = {}
    """The texts of your own criteria by name; they replace a bundled one of the same name."""
    severities: dict[Criterion, Severity] = {}
    """What a failed criterion does: `info`, `warning` or `invalid`. By default user_in_role is
    `invalid` and every other criterion `info`; in an evaluation each is a `warning`."""
    ask: Literal["all", "valid", "doubtful"] | Share = "all"
    """Which conversations it reads: `all`, those that the rules leave `valid`, those of them that
    are `doubtful` because a rule warns, or a random share from 0 to 1."""
    samples: AtLeastOne = 1
    """How many times it is asked about each conversation. The majority passes or fails it, and the
    score is the mean."""
    min_passing_score: Share = 0.5
    """The score from which a criterion is passed, if the judge gives only a score."""
    pairwise: bool = False
    """Also ask which is better, the reply or the reference reply, once in each order; only in an
    evaluation. If the answer depends on the order, it is a tie."""
    submit_actuals: bool = False
    """Write the verdicts back to Vellum, as actuals of the executions that they are about."""
    inputs: ParticipantInputs = ParticipantInputs()
    """What the judge receives, and where its verdict is found. An input named like what a judge can
    receive, such as goal, facts, criteria or reference_reply, is filled in by itself."""


class JudgeParticipant(ParticipantSettings):
    """A judge as a participant: its answer is a verdict."""

    @property
    def is_judge(self) -> bool:
        """True."""
        return True

    def given(self, names: Collection[str]) -> Self:
        """Fills in the inputs that are named like what a judge can receive.

        Args:
            names: of the inputs that the judge takes.
        """
        set_already = {*self.static_inputs, *self.seed_inputs, self.history_input}
        more = {name: name for name in JUDGE_COLUMNS if name in names and name not in set_already}
        return self.model_copy(update={"seed_inputs": {**self.seed_inputs, **more}})


class JudgeSettings(JudgeOptions):
    """A judge whose reference is checked, for one kind of conversations."""

    participant: JudgeParticipant
    default_severity: Severity = Severity.INFO
    """Of a criterion that neither `severities` nor its bundled rubric gives one."""
    default_criteria: tuple[str, ...] = BUNDLED_RUBRICS
    """What a judge that takes rubrics is asked if `criteria` is empty."""

    @classmethod
    def parsed(cls, options: JudgeOptions, *, of_replies: bool = False) -> Self:
        """Checks a judge's options.

        Args:
            options: as a person set them.
            of_replies: whether it judges the replies of an evaluation.

        Raises:
            UsageError: the reference or an option cannot be used.
        """
        participant = JudgeParticipant.parsed(options.reference, options.inputs)
        settings = cls(
            **dict(options),
            participant=participant,
            default_severity=Severity.WARNING if of_replies else Severity.INFO,
            default_criteria=ABOUT_REPLIES if of_replies else BUNDLED_RUBRICS,
        )
        settings._check(of_replies)
        return settings

    @property
    def title(self) -> str:
        """What its verdicts call it."""
        return self.name or self.reference

    @property
    def asked_criteria(self) -> tuple[str, ...]:
        """The criteria that its answer must name; empty if it chooses them itself."""
        if self.criteria or not self._takes_rubrics:
            return tuple(dict.fromkeys(self.criteria))
        return tuple(dict.fromkeys((*self.default_criteria, *self.rubrics)))

    @property
    def own_criterion(self) -> str:
        """The criterion of a verdict without one: that of the only question, or the judge's."""
        if len(self.asked_criteria) == 1:
            return self.asked_criteria[0]
        tail = self.participant.name.rpartition(":")[2].rpartition("/")[2].rpartition(".")[2]
        return "".join(c if c.isalnum() else "_" for c in tail) or "verdict"

    def severity(self, criterion: str) -> Severity:
        """Returns what a failed criterion does."""
        usual = self.default_severity
        if criterion == USER_IN_ROLE and usual is Severity.INFO:
            usual = Severity.INVALID  # a reply of an evaluation leaves no dataset
        return self.severities.get(criterion, usual)

    def used_as(self, checked: ParticipantSettings) -> Self:
        """Returns it with the release or the code that the run uses, and the inputs that takes."""
        update = {name: getattr(checked, name) for name in ("pinned", "code", "seed_inputs")}
        return self.model_copy(update={"participant": self.participant.model_copy(update=update)})

    @property
    def _takes_rubrics(self) -> bool:
        """Whether it is asked by rubrics: a language model, or what has an input for them."""
        participant = self.participant
        inputs = {*participant.seed_inputs.values()}
        return participant.kind is ParticipantKind.OPENAI or "criteria" in inputs

    def _check(self, of_replies: bool) -> None:
        subject = f"judge {self.title!r}"
        if self.participant.mode is ParticipantMode.STATEFUL:
            raise UsageError(
                f"{subject}: inputs.mode is stateful, but a judge is given the whole conversation; "
                "leave the mode stateless"
            )
        if self.pairwise and not of_replies:
            raise UsageError(
                f"{subject}: pairwise is on, but only an evaluation has a reference reply to "
                "compare with; turn it off here, and on in [[evaluate.judges]]"
            )
        known = {*BUNDLED_RUBRICS, *self.rubrics}
        without = [name for name in self.asked_criteria if name not in known]
        if without and self._takes_rubrics:
            raise UsageError(
                f"{subject}: there is no rubric for the criterion {without[0]!r}; bundled are "
                f"{', '.join(BUNDLED_RUBRICS)}: write its text in `rubrics`"
            )


def parsed_judges(
    judges: Sequence[JudgeOptions], *, of_replies: bool = False
) -> tuple[JudgeSettings, ...]:
    """Checks the judges of a run.

    Raises:
        UsageError: one of them cannot be used, or two have the same name.
    """
    parsed = tuple(JudgeSettings.parsed(options, of_replies=of_replies) for options in judges)
    titles = [judge.title for judge in parsed]
    for title in titles:
        if titles.count(title) > 1:
            raise UsageError(
                f"judge {title!r}: there are two of this name; give each a `name` of its own"
            )
    return parsed


def check_criteria(names: Iterable[str], judges: Sequence[JudgeSettings]) -> None:
    """Checks that each criterion of the gate `min_passed` has a judge.

    Raises:
        UsageError: none of the judges is asked about one. A judge that chooses its criteria itself
            may answer about any.
    """
    asked = {name for judge in judges for name in judge.asked_criteria}
    if any(not judge.asked_criteria for judge in judges):
        return
    for name in names:
        if name not in asked:
            raise UsageError(
                f"gates.min_passed: no judge is asked about {name!r}; `judges` are asked about: "
                f"{', '.join(sorted(asked)) or 'none'}"
            )
