"""The pytest plugin, in test suites as people write them."""

import subprocess
import sys
from pathlib import Path

import pytest

from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents

pytest_plugins = ["pytester"]


class Suite:
    """A folder with a dataset, where pytest has the plugin that an installed Duologue brings."""

    def __init__(self, pytester: pytest.Pytester, is_installed: bool) -> None:
        self._pytester = pytester
        # Named again, it would be another plugin.
        self._options = () if is_installed else ("-p", "duologue.pytest_plugin")

    def run(self, code: str) -> pytest.RunResult:
        self._pytester.makepyfile(code)
        return self._pytester.runpytest_inprocess("-v", "--strict-markers", *self._options)


@pytest.fixture
def suite(pytester: pytest.Pytester, pytestconfig: pytest.Config) -> Suite:
    conversations = (
        checked("Hi, where is it?", "Here.", "Thanks", seed_id=f"s{number}") for number in range(2)
    )
    publish_latest(
        write_version(DatasetFolder("datasets", "shop"), VERSION, contents(*conversations))
    )
    return Suite(pytester, pytestconfig.pluginmanager.has_plugin("duologue"))


def test_there_is_a_test_for_each_next_turn(suite: Suite) -> None:
    result = suite.run(
        """
        import pytest

        @pytest.mark.duologue_version("latest", name="shop")
        def test_reply(next_turn):
            assert next_turn["messages"][-1]["role"] == "user"
            assert next_turn["conversation_id"] != "s1-1"
        """,
    )
    assert result.parseoutcomes() == {"passed": 2, "failed": 2}
    result.stdout.fnmatch_lines(["*test_reply?s0-1-t1?*PASSED*", "*test_reply?s1-1-t1?*FAILED*"])


def test_there_is_a_test_for_each_conversation(suite: Suite) -> None:
    result = suite.run(
        """
        import pytest

        @pytest.mark.duologue_version
        def test_talk(conversation, tmp_path):
            assert conversation["messages"][0]["text"] == "Hi, where is it?"
        """,
    )
    assert result.parseoutcomes() == {"passed": 2}


@pytest.mark.parametrize(
    ("marker", "argument", "words"),
    [
        ('("latest", name="none")', "next_turn", "none"),
        ('("latest", nam="shop")', "next_turn", "nam"),
        ("", "request", "one argument `next_turn`"),
    ],
)
def test_what_cannot_be_used_ends_with_one_sentence(
    suite: Suite, marker: str, argument: str, words: str
) -> None:
    result = suite.run(
        f"""
        import pytest

        @pytest.mark.duologue_version{marker}
        def test_it({argument}):
            pass
        """,
    )
    assert result.ret != 0
    output = result.stdout.str() + result.stderr.str()
    assert words in output
    assert "Traceback" not in output


def test_other_tests_are_left_alone(suite: Suite) -> None:
    result = suite.run("def test_other(tmp_path):\n    assert tmp_path.exists()\n")
    assert result.parseoutcomes() == {"passed": 1}


def test_the_plugin_is_an_entry_point_that_imports_little(tmp_path: Path) -> None:
    code = "import sys, duologue.pytest_plugin; print({'pyarrow', 'prefect'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "set()"
