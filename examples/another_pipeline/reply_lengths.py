"""With Prefect: a flow of another repository, started by the event of a new version."""

from prefect import flow, get_run_logger

import duologue


@flow
def reply_lengths(path: str) -> dict[int, float]:
    """Measures how long the chatbot's replies are, turn by turn.

    Args:
        path: The folder of the version, as the event gives it. It is of one revision, so that the
            data stays the same however many versions follow.
    """
    dataset = duologue.load(path)
    turns = dataset.next_turns.to_pandas(columns=["turn_index", "reference_reply"])
    replies = turns.dropna()
    words = replies["reference_reply"].str.split().map(len)
    by_turn = words.groupby(replies["turn_index"]).mean().round(1)
    lengths = dict(zip(by_turn.index.tolist(), by_turn.tolist(), strict=True))
    version, revision = dataset.manifest.version, dataset.manifest.revision
    get_run_logger().info("%s revision %d: %s words a reply", version, revision, lengths)
    return lengths
