"""The longest files come first: two at a time, none is left to run alone in the end."""

import pytest

LONGEST_FIRST = (
    "test_deployments.py",
    "test_crashes.py",
    "test_shards.py",
    "test_chain.py",
    "test_ui.py",
    "test_serve.py",
    "test_key_is_nowhere.py",
    "test_temporary_server.py",
    "test_docs.py",
    "test_cut_short.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Moves the longest files to the front."""
    rank = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))
