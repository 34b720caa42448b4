"""A pytest plugin: a test for each conversation, or each next turn, of a version.

    @pytest.mark.duologue_version("latest", name="shop")
    def test_it_names_the_order(next_turn):
        reply = my_chatbot(next_turn["messages"])
        assert "order" in reply

The marker takes the arguments of `duologue.load`.
"""

from typing import Any

import pytest

FIXTURES = {"next_turn": "next_turn_id", "conversation": "conversation_id"}
"""What a test may ask for, and the column that names its cases."""

_HELP = (
    "duologue_version(version_or_path='latest', output='datasets', name=None): run the test with "
    "each `conversation` or each `next_turn` of a version of a Duologue dataset, as a dict"
)


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker."""
    config.addinivalue_line("markers", _HELP)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes a test for each row of the version that the test's marker names.

    Raises:
        pytest.UsageError: the test asks for none or both of the fixtures, or the version cannot be
            read.
    """
    marker = metafunc.definition.get_closest_marker("duologue_version")
    if marker is None:
        return
    fixtures = [name for name in FIXTURES if name in metafunc.fixturenames]
    if len(fixtures) != 1:
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid}: a test marked duologue_version has one argument "
            "`next_turn` or one argument `conversation`"
        )
    (fixture,) = fixtures
    rows = _rows(fixture, *marker.args, **marker.kwargs)
    metafunc.parametrize(fixture, rows, ids=[row[FIXTURES[fixture]] for row in rows])


def _rows(fixture: str, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
    # Here, because pytest loads this plugin for every test suite of the environment.
    import duologue
    from duologue.errors import DuologueError

    try:
        dataset = duologue.load(*args, **kwargs)
        view = dataset.next_turns if fixture == "next_turn" else dataset.conversations
        rows: list[dict[str, Any]] = view.arrow.to_table().to_pylist()
    except (DuologueError, TypeError) as error:
        raise pytest.UsageError(f"duologue_version: {error}") from error
    return rows
