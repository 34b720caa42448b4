"""What a judge is asked about a conversation, and the key that its answer is stored under."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from duologue.conversation.content import shown_text
from duologue.conversation.messages import Message, Role
from duologue.participants.protocol import TurnContext
from duologue.participants.templates import filled
from duologue.seeds import Seed
from duologue.settings.judges import BUNDLED_RUBRICS, JUDGE_COLUMNS, JudgeSettings
from duologue.settings.participants import ParticipantKind

JUDGE_VERSION = "1"
"""Part of every answer's key. Raise it when a change here asks judges something else."""

SIDE = "judge"
"""What a call's metadata on Vellum says of it."""

_ID = "conversation_id"


@dataclass(frozen=True, slots=True)
class Question:
    """A conversation that a judge is asked about."""

    id: str
    """The conversation's, or the next turn's of an evaluation."""
    messages: tuple[Message, ...]
    """At least one."""
    seed: Seed
    more: dict[str, str] = field(default_factory=dict)
    """Further values of JUDGE_COLUMNS, such as `reference_reply`."""

    name: str = ""
    """The key of its stored answer; the id if empty. No judge receives it."""

    @property
    def found_under(self) -> str:
        """The key of its stored answer."""
        return self.name or self.id

    @property
    def is_pairwise(self) -> bool:
        """Whether two replies are compared, instead of one conversation judged."""
        return "first_reply" in self.more


def question_of(id_: str, messages: Sequence[Message], seed: Seed | None) -> Question:
    """Makes the question about a conversation; without a seed its first message stands in."""
    if seed is None:
        opening = next((m.text for m in messages if m.text), "(no text)")
        seed = Seed(seed_id=id_[:200] or "conversation", message=opening)
    return Question(id_, tuple(messages), seed)


def columns_of(judge: JudgeSettings, question: Question) -> dict[str, str]:
    """Returns what the judge can receive besides the messages, by name."""
    return {
        **dict.fromkeys(JUDGE_COLUMNS, ""),
        **question.seed.context,
        **question.seed.scenario.texts,
        "criteria": criteria_text(judge),
        "transcript": transcript_of(question.messages),
        **question.more,
    }


def call_of(
    judge: JudgeSettings, question: Question, dataset: str = "", version: str = "", attempt: int = 1
) -> tuple[list[Message], TurnContext]:
    """Lays a question out as the messages and the context of one call of the judge.

    A language model behind OpenAI's API receives one message that holds all of it, so that it does
    not take the conversation for its own. Everything else receives the conversation.

    Raises:
        FatalError: the judge's own prompt names something that is not there.
    """
    columns = columns_of(judge, question)
    named = {name: value for name, value in columns.items() if name not in ("message", "seed_id")}
    context = TurnContext(
        question.seed.model_copy(update={"context": named}),
        question.id,
        side=SIDE,
        dataset=dataset,
        version=version,
        attempt=attempt,
        private=tuple(message.text for message in question.messages),
    )
    if judge.participant.kind is not ParticipantKind.OPENAI:
        return list(question.messages), context
    prompt = filled(
        prompt_template(judge),
        {**columns, "chat_history": _as_vellum(question.messages), "seed": question.seed.context},
        f"judge {judge.title}",
    )
    return [Message(role=Role.USER, text=prompt)], context


def prompt_template(judge: JudgeSettings) -> str:
    """Returns the prompt of a language model: its own, or the one of the bundled Workflow."""
    if judge.participant.prompt is not None:
        return judge.participant.prompt
    # One text with the Workflow on Vellum.
    from duologue.workflows.judge_llm.prompt import JUDGE_PROMPT

    return JUDGE_PROMPT


def criteria_text(judge: JudgeSettings) -> str:
    """Lists the criteria with their rubrics, as a judge reads them; empty without criteria."""
    if not (names := judge.asked_criteria):
        return ""
    rubrics = dict(judge.rubrics)
    if any(name in BUNDLED_RUBRICS and name not in rubrics for name in names):
        from duologue.workflows.judge_llm.rubrics import RUBRICS

        rubrics = {**RUBRICS, **rubrics}
    return "\n\n".join(f"{name}: {rubrics.get(name, name)}".strip() for name in names)


def transcript_of(messages: Sequence[Message]) -> str:
    """Writes a conversation as text, each message with its index."""
    return "\n".join(
        f"[{index}] {message.role.value}: {shown_text(message)}"
        for index, message in enumerate(messages)
    )


def answer_key(judge: JudgeSettings, question: Question, sample: int) -> str:
    """Hashes everything that shapes a judge's answer, as 64 hexadecimal digits.

    That is the conversation with its goal and facts, the judge with its release, its rubrics and
    its inputs. The conversation's id is part of it only if the judge receives it.
    """
    said = [[message.role.value, message.text, message.content] for message in question.messages]
    own_prompt = (
        [prompt_template(judge)] if judge.participant.kind is ParticipantKind.OPENAI else []
    )
    parts = [
        JUDGE_VERSION,
        judge.participant.model_dump(mode="json"),
        columns_of(judge, question),
        question.id if _ID in judge.participant.seed_inputs.values() else "",
        judge.min_passing_score,
        own_prompt,
        said,
        sample,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _as_vellum(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": m.role.value, "text": shown_text(m)} for m in messages]
