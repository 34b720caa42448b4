"""What an evaluation is asked to do."""

from dataclasses import dataclass

from upath import UPath

from duologue.dataset.manifest import Manifest
from duologue.evaluation.replies import Prefix, Side, reply_key
from duologue.evaluation.scorers import Scorers
from duologue.settings.evaluation import EvaluationSettings
from duologue.settings.participants import ParticipantSettings


@dataclass(frozen=True, slots=True)
class ReplyJob:
    """One reply to ask for."""

    prefix: Prefix
    side: Side
    key: str
    """The key of the reply's checkpoint."""

    @property
    def name(self) -> str:
        """The next turn's id, and whose reply it is unless it is the candidate's."""
        turn = self.prefix.next_turn_id
        return turn if self.side is Side.CANDIDATE else f"{turn}-{self.side}"


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """All that an evaluation is asked to do."""

    folder: UPath
    """Of the version."""
    manifest: Manifest
    """Of the version."""
    prefixes: tuple[Prefix, ...]
    evaluations: UPath
    """The folder that evaluations are written to, each into one of its own."""
    settings: EvaluationSettings
    scorers: Scorers
    resume: str | None
    """The evaluation to go on with; None for a new one."""

    @property
    def chatbots(self) -> dict[Side, ParticipantSettings]:
        """Who is asked, the candidate first."""
        baseline = self.settings.baseline
        sides = {Side.CANDIDATE: self.settings.candidate}
        return sides if baseline is None else {**sides, Side.BASELINE: baseline}

    def jobs(self, evaluation: str) -> list[ReplyJob]:
        """Lists the replies to ask for: prefix by prefix, so that a change over time meets both.

        Args:
            evaluation: what sets their keys apart from those of other evaluations.
        """
        scope = self.scope(evaluation)
        return [
            ReplyJob(prefix, side, f"{scope}/{reply_key(prefix, chatbot)}-{side}")
            for prefix in self.prefixes
            for side, chatbot in self.chatbots.items()
        ]

    def scope(self, evaluation: str) -> str:
        """Returns which checkpoints an evaluation is made of; they go with its version."""
        return f"{self.manifest.version}/{evaluation}"
