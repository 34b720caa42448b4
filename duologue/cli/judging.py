"""Judges on transcripts: `duologue check --judge`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from duologue.cli.terminal import Console

if TYPE_CHECKING:
    from duologue.seeds import Seed
    from duologue.settings.check import CheckSettings
    from duologue.settings.participants import ParticipantSettings
    from duologue.tasks.judge import Judgements
    from duologue.validation.judges.question import Question
    from duologue.validation.rule import Rule, Violation
    from duologue.validation.transcripts import CheckedTranscript, Transcript


def with_judges(settings: "CheckSettings", references: Iterable[str]) -> "CheckSettings":
    """Adds the judges that flags name, with their default options.

    Raises:
        UsageError: a judge cannot be used.
    """
    from duologue.settings.judges import JudgeOptions, parsed_judges

    flagged = (JudgeOptions(reference=reference) for reference in references)
    judges = (*settings.judges, *flagged)
    parsed_judges(judges)
    return settings.model_copy(update={"judges": judges})


def seeds_of(path: str) -> "dict[str, Seed]":
    """Reads the seeds of a version's conversations, by conversation."""
    from duologue.storage.files import located
    from duologue.versions.reading import read_seeded_conversations

    return {
        conversation.conversation_id: seed
        for seed, conversation in read_seeded_conversations(located(path))
    }


def judged_transcripts(
    transcripts: Sequence["Transcript"],
    rules: Sequence["Rule"],
    settings: "CheckSettings",
    output: str,
    seeds: Mapping[str, "Seed"],
) -> "list[tuple[Transcript, CheckedTranscript]]":
    """Runs the rules on transcripts, and asks the judges about them.

    Args:
        transcripts: in the file's order. One without a readable message is not judged.
        rules: from `load_rules`.
        settings: with the judges.
        output: the folder in which answers are stored.
        seeds: of the transcripts that are a version's, by id.

    Raises:
        UsageError: a judge cannot be used.
    """
    from duologue.settings.judges import parsed_judges
    from duologue.validation.judges.question import question_of
    from duologue.validation.transcripts import check_transcripts, judged_transcript

    checked = [*check_transcripts(transcripts, rules)]
    questions = [
        (question_of(one.id, one.messages, seeds.get(one.id)), result.violations)
        for one, result in checked
        if one.messages
    ]
    participants = [judge.participant for judge in parsed_judges(settings.judges)]
    console = Console(stderr=True)
    judgements = _run(questions, participants, settings, output, console)
    _show(judgements, console)
    return [
        (one, judged_transcript(result, one, judgements.verdicts.get(one.id, ())))
        for one, result in checked
    ]


def _run(
    questions: Sequence[tuple["Question", Sequence["Violation"]]],
    participants: Sequence["ParticipantSettings"],
    settings: "CheckSettings",
    output: str,
    console: Console,
) -> "Judgements":
    from duologue.cli.local_run import run_locally
    from duologue.participants.checking import check_participants

    check_participants(participants)

    def load_flow() -> Callable[..., Any]:
        from duologue.flows.judge_transcripts import transcripts_flow

        return transcripts_flow(questions, settings, output)

    judgements: Judgements
    judgements, _ = run_locally(
        load_flow,
        {},
        participants,
        console,
        lambda _: "To continue, repeat the command: stored answers are found again",
    )
    return judgements


def _show(judgements: "Judgements", console: Console) -> None:
    """Prints what each judge was asked, and what it said."""
    from duologue.dataset.judges import judge_lines, judge_summaries

    summaries = judge_summaries(judgements.verdicts.values(), judgements.missing)
    for line in judge_lines(summaries):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
