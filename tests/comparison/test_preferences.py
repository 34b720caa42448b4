"""`duologue export COMPARISON preferences`: which of two replies is preferred."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from duologue.cli import app
from duologue.settings.rules import Severity
from duologue.validation.check import CheckedConversation
from tests.comparison.making import write_sides
from tests.dataset.making import VERSION, checked

WARNED = [("repeated_message", Severity.WARNING)]


def compared(
    tmp_path: Path, baseline: list[CheckedConversation], candidate: list[CheckedConversation]
) -> None:
    write_sides(tmp_path / "datasets" / "shop" / "comparisons", baseline, candidate)


def export(tmp_path: Path, *options: str, comparison: str = VERSION) -> Result:
    place = ("--output", str(tmp_path / "datasets"))
    file = str(tmp_path / "pairs.jsonl")
    return CliRunner().invoke(app, ["export", comparison, "preferences", file, *place, *options])


def lines(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_text().splitlines()]


def of(seed: str, *texts: str, warned: bool = False) -> CheckedConversation:
    return checked(*texts, seed_id=seed, broken=WARNED if warned else ())


@pytest.fixture
def four_pairs(tmp_path: Path) -> Path:
    """Better with the candidate, better with the baseline, as good, and parted by the user."""
    compared(
        tmp_path,
        [
            of("s1", "A?", "B.", "C?", "bad.", "E?", warned=True),
            of("s2", "A?", "good.", "C?"),
            of("s3", "A?", "B.", "C?"),
            of("s4", "A?", "B.", "C?", "D."),
        ],
        [
            of("s1", "A?", "B.", "C?", "good.", "Thanks."),
            of("s2", "A?", "bad.", "Z?", warned=True),
            of("s3", "A?", "Y.", "C?"),
            of("s4", "A?", "B.", "X?", "D.", warned=True),
        ],
    )
    return tmp_path


def test_the_reply_that_led_to_the_better_conversation_is_chosen(four_pairs: Path) -> None:
    done = export(four_pairs, "--by", "clean")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("2 preference pairs written to ")
    assert done.output.endswith("2 left out: no reply did better by clean\n")
    assert lines(four_pairs) == [
        {
            "prompt": [
                {"role": "user", "content": "A?"},
                {"role": "assistant", "content": "B."},
                {"role": "user", "content": "C?"},
            ],
            "chosen": [{"role": "assistant", "content": "good."}],
            "rejected": [{"role": "assistant", "content": "bad."}],
        },
        {
            "prompt": [{"role": "user", "content": "A?"}],
            "chosen": [{"role": "assistant", "content": "good."}],
            "rejected": [{"role": "assistant", "content": "bad."}],
        },
    ]


def test_less_may_be_better(four_pairs: Path) -> None:
    by_clean = export(four_pairs, "--by", "clean") and lines(four_pairs)
    assert export(four_pairs, "--by", "rules_broken", "--force").exit_code == 0
    assert lines(four_pairs) == by_clean


def test_a_comparison_that_was_moved_is_exported(four_pairs: Path) -> None:
    shutil.move(four_pairs / "datasets" / "shop", four_pairs / "datasets" / "store")
    assert export(four_pairs, "--by", "clean").exit_code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--by", "charm"], "--by 'charm': comparison"),
        (["--by", "turns"], "no outcome of that name that is better or worse; choose one of"),
        (["--by", "valid"], "none of its 4 pairs has two replies to the same history"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    four_pairs: Path, options: list[str], words: str
) -> None:
    done = export(four_pairs, *options)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not (four_pairs / "pairs.jsonl").exists()


def test_a_version_is_no_comparison(four_pairs: Path) -> None:
    done = export(four_pairs, comparison="20261124T053516124Z-1a2b3c4d")
    assert done.exit_code == 2
    assert "comparison '20261124T053516124Z-1a2b3c4d': found 0 in" in done.stderr
