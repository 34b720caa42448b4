"""The plan of an evaluation: which replies to request, and how to score them."""

from dataclasses import dataclass

from upath import UPath

from duologue.dataset.manifest import Manifest
from duologue.evaluation.replies import Prefix, Side, reply_key
from duologue.evaluation.scorers import Scorers
from duologue.settings.evaluation import EvaluationSettings
from duologue.settings.participants import ParticipantSettings


@dataclass(frozen=True, slots=True)
class ReplyJob:
    """One reply to request."""

    prefix: Prefix
    side: Side
    key: str
    """The key of the reply's checkpoint."""
    noise_sample: int | None = None
    """Which of the replies that measure the noise it is, from 1; None for another side."""

    @property
    def name(self) -> str:
        """The next turn's id, followed by the side unless it is the candidate."""
        turn = self.prefix.next_turn_id
        if self.noise_sample is not None:
            return f"{turn}-{self.side}-{self.noise_sample}"
        return turn if self.side is Side.CANDIDATE else f"{turn}-{self.side}"


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """Everything an evaluation needs to know before it starts."""

    folder: UPath
    """The version's folder."""
    manifest: Manifest
    """The version's manifest."""
    prefixes: tuple[Prefix, ...]
    evaluations: UPath
    """The folder that evaluations are written to, one subfolder each."""
    settings: EvaluationSettings
    scorers: Scorers
    resume: str | None
    """The evaluation to resume; None for a new one."""

    @property
    def chatbots(self) -> dict[Side, ParticipantSettings]:
        """The chatbots to call, the candidate first."""
        baseline = self.settings.baseline
        sides = {Side.CANDIDATE: self.settings.candidate}
        return sides if baseline is None else {**sides, Side.BASELINE: baseline}

    def jobs(self, evaluation: str) -> list[ReplyJob]:
        """Returns the replies to request, prefix by prefix: a change over time affects both sides.

        Args:
            evaluation: the evaluation's name, which keeps its keys apart from others'.
        """
        scope = self.scope(evaluation)
        return [
            ReplyJob(prefix, side, f"{scope}/{reply_key(prefix, chatbot)}-{side}")
            for prefix in self.prefixes
            for side, chatbot in self.chatbots.items()
        ]

    @property
    def asked_again(self) -> ParticipantSettings:
        """The version's own chatbot, in the release that made the version."""
        return self.manifest.settings.chatbot

    @property
    def noise_jobs(self) -> list[ReplyJob]:
        """The replies that measure the noise: the same for every evaluation of the version."""
        scope = f"{self.manifest.version}/{Side.NOISE}"
        keys = ((prefix, reply_key(prefix, self.asked_again)) for prefix in self.prefixes)
        return [
            ReplyJob(prefix, Side.NOISE, f"{scope}/{key}-{sample}", sample)
            for prefix, key in keys
            for sample in range(1, self.settings.noise_samples + 1)
        ]

    def scope(self, evaluation: str) -> str:
        """Returns which checkpoints an evaluation is made of; they go with its version."""
        return f"{self.manifest.version}/{evaluation}"
