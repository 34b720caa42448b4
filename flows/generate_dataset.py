"""The main job: seed messages in, a checked dataset of conversations out."""

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Failed
from pydantic import Field

from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import Manifest
from duologue.dataset.versions import check_writable
from duologue.errors import IncompleteDatasetError
from duologue.generation import (
    BUNDLED_CHATBOT,
    BUNDLED_SIMULATED_USER,
    AdvancedOptions,
    plan_generation,
)
from duologue.participants.opening import open_participants
from duologue.progress import Progress
from tasks.artifacts import progress_artifact, show_summary
from tasks.export import export
from tasks.identify_run import identify_run
from tasks.kept_conversations import KeptConversations
from tasks.load_seeds import load_seeds
from tasks.simulate_conversation import simulate_conversations
from tasks.unseen import unseen
from tasks.validate import validate

AtLeastOne = Annotated[int, Field(ge=1)]


@flow(name="generate-dataset")
async def generate_dataset(
    seeds: str = "datasets/seed_user_messages.csv",
    chatbot: str = BUNDLED_CHATBOT,
    simulated_user: str = BUNDLED_SIMULATED_USER,
    turns: AtLeastOne = 3,
    conversations_per_seed: AtLeastOne = 1,
    max_concurrency: AtLeastOne = 32,
    output: str = "datasets",
    name: str | None = None,
    advanced: AdvancedOptions = AdvancedOptions(),
) -> Manifest | State[Any]:
    """Simulates a conversation for every seed message and publishes them as a dataset.

    Args:
        seeds: The file with the seed messages: CSV, JSONL or Parquet; a path or a URL.
        chatbot: Who answers: a Workflow Deployment as NAME or NAME@release_tag,
            local:package.module, or python:package.module:function.
        simulated_user: Who asks, spelled like the chatbot.
        turns: The most turns of a conversation; a turn is one chatbot reply and the answer to it.
        conversations_per_seed: How many conversations each seed message opens.
        max_concurrency: How many conversations are simulated at a time.
        output: The folder, or URL, that holds the datasets.
        name: The dataset's name; the seed file's if not set.
        advanced: What most runs leave as it is.

    Returns:
        The manifest of the published version.

    Raises:
        IncompleteDatasetError: some conversations failed or are invalid; the others are published.
        DuologueError: nothing was published.
    """
    plan = plan_generation(
        seeds=seeds,
        chatbot=chatbot,
        simulated_user=simulated_user,
        turns=turns,
        conversations_per_seed=conversations_per_seed,
        max_concurrency=max_concurrency,
        output=output,
        name=name,
        advanced=advanced,
    )
    check_writable(plan.output, plan.dataset)
    kept = KeptConversations()
    run = await identify_run(plan, kept)
    seed_file = load_seeds(plan)
    jobs = plan.jobs(seed_file, run.version)
    progress = Progress(run.version, total=len(jobs))

    async with (
        open_participants(
            plan.chatbot, plan.simulated_user, advanced.call, max_concurrency
        ) as participants,
        progress_artifact(progress),
    ):
        outcomes = await simulate_conversations(jobs, participants, plan, kept, progress)

    checked, failed = await validate(unseen(jobs), unseen(outcomes), plan.simulation, kept)
    contents = DatasetContents(
        seed_file=seed_file,
        checked=tuple(checked),
        failed=tuple(failed),
        chatbot=plan.chatbot,
        simulated_user=plan.simulated_user,
        simulation=plan.simulation,
        conversations_per_seed=conversations_per_seed,
        started_at=run.started_at,
    )
    manifest = export(plan, run.version, unseen(contents))
    await show_summary(plan, manifest, contents)
    return final_state(manifest)


def final_state(manifest: Manifest) -> Manifest | State[Any]:
    """Ends the run as Completed, or as Failed where Retry has conversations to mend.

    The dataset is published either way; the failed state is what offers Retry in the UI and says
    how many there are.
    """
    counts = manifest.counts
    if counts.valid == counts.conversations:
        return manifest
    message = (
        f"{counts.failed} failed and {counts.invalid} invalid of {counts.conversations} "
        f"conversations; the other {counts.valid} are in {manifest.dataset} {manifest.version}"
    )
    return Failed(data=IncompleteDatasetError(message, manifest), message=message)
