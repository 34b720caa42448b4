"""An installed Duologue adds one name to the environment, and has all of its packages."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS = PROJECT["tool"]["setuptools"]


def packages_in(folder: str) -> set[str]:
    """Every package below a folder of the repository, under its installed name."""
    name = next((new for new, old in SETUPTOOLS["package-dir"].items() if old == folder), folder)
    found = [path.parent.relative_to(ROOT) for path in (ROOT / folder).rglob("__init__.py")]
    return {".".join([name, *path.parts[1:]]) for path in found}


def test_every_package_is_installed_below_one_name() -> None:
    folders = ["duologue", *SETUPTOOLS["package-dir"].values()]
    found = set().union(*map(packages_in, folders))
    assert set(SETUPTOOLS["packages"]) == found
    assert {name.partition(".")[0] for name in found} == {"duologue"}


def test_the_links_lead_to_the_folders_that_are_installed() -> None:
    for name, folder in SETUPTOOLS["package-dir"].items():
        assert (ROOT / name.replace(".", "/")).resolve() == ROOT / folder


def test_the_bundled_data_is_installed_with_the_package() -> None:
    assert (ROOT / "duologue" / "datasets").resolve() == ROOT / "datasets"
    patterns = SETUPTOOLS["package-data"]["duologue"]
    found = {path.name for pattern in patterns for path in (ROOT / "duologue").glob(pattern)}
    assert {"personas.csv", "scenarios.csv"} <= found
