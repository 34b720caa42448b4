"""Small real contents to write datasets of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from duologue.conversation.messages import Conversation, EndReason, Message, Role
from duologue.conversation.usage import Usage
from duologue.dataset.contents import DatasetContents
from duologue.seeds import RejectedRow, Seed, SeedFile
from duologue.settings.participants import ParticipantSettings
from duologue.settings.rules import Severity
from duologue.settings.run import Gates, RunSettings
from duologue.simulation import Draft, FailedSeed
from duologue.validation.check import CheckedConversation
from duologue.validation.rule import Violation

STARTED_AT = datetime(2026, 11, 24, 5, 35, 16, 123456, tzinfo=UTC)
RUN_ID = "01928374-0000-7000-8000-00001a2b3c4d"
VERSION = "20261124T053516123Z-1a2b3c4d"
USAGE = Usage(input_tokens=120, output_tokens=30, cost_usd=0.25, models=("gpt-4o", "gpt-4o-mini"))
ANYTHING_PASSES = Gates(max_failed_share=1, max_invalid_share=1)


def messages(*texts: str) -> tuple[Message, ...]:
    """A USER message, an ASSISTANT message, and so on; what is known of a call is made up."""
    return tuple(
        Message(role=Role.USER, text=text)
        if index == 0
        else Message(
            role=Role.ASSISTANT if index % 2 else Role.USER,
            text=text,
            execution_id=f"execution-{index}" if index % 2 else None,
            latency_ms=100 + index,
            attempts=1 + index % 3,
        )
        for index, text in enumerate(texts)
    )


def checked(
    *texts: str,
    seed_id: str = "s1",
    sample: int = 1,
    context: dict[str, str] | None = None,
    broken: Sequence[tuple[str, Severity]] = (),
    usage: Usage | None = None,
) -> CheckedConversation:
    """A conversation of these texts, which breaks these rules; the last one used all it used."""
    *earlier, last = messages(*texts)
    return CheckedConversation(
        conversation=Conversation(
            conversation_id=f"{seed_id}-{sample}",
            seed_id=seed_id,
            sample=sample,
            messages=(*earlier, replace(last, usage=usage)),
            end_reason=EndReason.MAX_TURNS,
            started_at=STARTED_AT,
            ended_at=STARTED_AT + timedelta(milliseconds=1250),
            usage=usage,
        ),
        seed=Seed(seed_id=seed_id, message=texts[0], context=context or {}),
        violations=tuple(
            Violation(rule=rule, severity=severity, message_index=1, detail="as a test wants it")
            for rule, severity in broken
        ),
    )


def failed(
    *texts: str,
    seed_id: str = "f1",
    sample: int = 1,
    reason: str = "HTTP 503, 4 attempts",
    usage: Usage | None = None,
) -> FailedSeed:
    """A seed whose conversation was cut short after these texts."""
    return FailedSeed(
        seed=Seed(seed_id=seed_id, message=texts[0]),
        sample=sample,
        error_class="TransientError",
        reason=reason,
        draft=Draft(
            messages=list(messages(*texts)), started_at=STARTED_AT, attempts=3, usage=usage
        ),
    )


def contents(
    *conversations: CheckedConversation,
    failed: Sequence[FailedSeed] = (),
    rejected: Sequence[RejectedRow] = (),
    seed_path: str = "datasets/seeds.csv",
    chatbot: str = "support-bot@production",
    history_input: str = "chat_history",
    conversations_per_seed: int = 1,
    gates: Gates = ANYTHING_PASSES,
) -> DatasetContents:
    """All that a run made of a seed file that holds exactly the seeds of these conversations."""
    seeds = {item.seed.seed_id: item.seed for item in conversations}
    seeds |= {item.seed.seed_id: item.seed for item in failed}
    return DatasetContents(
        seed_file=SeedFile(
            path=seed_path,
            sha256="0" * 64,
            columns_note="The first column holds the message; there is no header.",
            seeds=tuple(seeds.values()),
            rejected=tuple(rejected),
        ),
        checked=conversations,
        failed=tuple(failed),
        settings=RunSettings(
            chatbot=ParticipantSettings(reference=chatbot, history_input=history_input),
            simulated_user=ParticipantSettings(reference="local:duologue.workflows.simulated_user"),
            conversations_per_seed=conversations_per_seed,
            gates=gates,
        ),
        started_at=STARTED_AT,
    )


def everything_that_can_happen() -> DatasetContents:
    """Valid conversations with and without a warning, an invalid one, failures, a rejected row."""
    return contents(
        checked("Hello?", "Hi.", "Refunds?", seed_id="s1", context={"b": "2", "a": "é"}),
        checked(
            "Open?", "Until 6.", seed_id="s2", broken=[("restated", Severity.WARNING)], usage=USAGE
        ),
        checked("Echo", "Yes?", "Yes?", seed_id="s3", broken=[("echo", Severity.INVALID)]),
        failed=[failed("Warranty?", "One year.", seed_id="s4", usage=Usage(cost_usd=0.5))],
        rejected=[RejectedRow("datasets/seeds.csv", 14, "message is empty")],
    )


def many(
    count: int, text: str = "A reply that is about as long as replies are. "
) -> DatasetContents:
    """Contents of this many valid conversations of 7 messages."""
    return contents(
        *(
            checked(*(f"{text}{seed}.{index}" for index in range(7)), seed_id=f"s{seed}")
            for seed in range(count)
        )
    )
