"""How pip-audit's report is read; `make audit` makes a real one."""

import runpy
from typing import Any

import pytest

from tests.support.prefect_processes import ROOT

AUDIT = runpy.run_path(str(ROOT / ".ci" / "audit.py"))


def found(name: str, *fixes: str) -> dict[str, Any]:
    vulnerability = {"id": "PYSEC-1", "fix_versions": list(fixes), "aliases": [], "description": ""}
    return {"name": name, "version": "1.0", "vulns": [vulnerability]}


@pytest.mark.parametrize(
    ("package", "line", "must_be_fixed"),
    [
        (found("aiohttp", "1.1"), "aiohttp 1.0 (to run): PYSEC-1, fixed in 1.1", True),
        (found("aiohttp"), "aiohttp 1.0 (to run): PYSEC-1, not fixed yet", False),
        (
            found("flask", "1.1", "2.0"),
            "flask 1.0 (for development only): PYSEC-1, fixed in 1.1, 2.0",
            False,
        ),
        (
            {"name": "aiohttp", "skip_reason": "not on PyPI"},
            "aiohttp: not checked: not on PyPI",
            False,
        ),
    ],
)
def test_a_release_that_fixes_a_package_of_the_runtime_is_to_be_taken(
    package: dict[str, Any], line: str, must_be_fixed: bool
) -> None:
    good = {"name": "rich", "version": "1.0", "vulns": []}
    report = {"dependencies": [good, package], "fixes": []}
    runtime = AUDIT["names_in"]((ROOT / "requirements.txt").read_text())
    assert AUDIT["judged"](report, runtime) == ([line], must_be_fixed)


def test_the_lock_of_everything_holds_the_one_of_the_runtime() -> None:
    runtime, everything = (
        AUDIT["names_in"]((ROOT / name).read_text())
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert {"aiohttp", "prefect", "vellum-ai"} <= runtime < everything
    assert "pytest" in everything - runtime


def test_accepted_advisories_are_ids_with_reasons() -> None:
    assert AUDIT["accepted_ids"]("# why\n\nPYSEC-1 is about Windows\n") == ["PYSEC-1"]
    text = (ROOT / ".ci" / "advisories.txt").read_text()
    assert all(len(line.split()) > 2 for line in text.splitlines())
