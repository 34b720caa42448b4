"""Shows what was mined in the Prefect UI: counts, never a message."""

from prefect.artifacts import acreate_markdown_artifact

from duologue.mining.mine import Mined
from duologue.storage.locations import without_credentials
from duologue.tasks.artifacts import best_effort


async def show_mined(mined: Mined) -> None:
    """Writes the artifact `mined-seeds`."""
    with best_effort():
        await acreate_markdown_artifact(
            _summary(mined), key="mined-seeds", description=f"Seeds from {mined.source}"
        )


def _summary(mined: Mined) -> str:
    covered = mined.coverage
    replaced = ", ".join(f"{number} x {kind}" for kind, number in mined.replaced.items())
    rows = {
        "executions": mined.executions,
        "Duologue's own, left out": mined.synthetic,
        "without a message of a user, left out": mined.unreadable,
        "conversations": mined.conversations,
        "different openings": mined.different,
        "seeds": mined.seeds,
        "clusters": covered.clusters,
        "clusters with a seed": covered.covered,
        "clusters that random seeds would cover": round(covered.random_clusters),
        "conversations in these clusters": f"{covered.traffic_share:.1%}",
        "personal data replaced": replaced or "none found",
    }
    lines = "\n".join(f"| {label} | {value} |" for label, value in rows.items())
    return (
        f"`{without_credentials(mined.output)}` is written, with `real_conversations.jsonl` next "
        f"to it. Review both before the next run uses them.\n\n| | |\n|---|---|\n{lines}\n"
    )
