"""Names of datasets, versions and seeds stay in their folder, however they are spelled."""

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from duologue.conversation.messages import Message, Role
from duologue.errors import UsageError
from duologue.plans.generation import jobs_of, plan_generation
from duologue.plans.rerun import plan_rerun
from duologue.seeds import Seed, read_seeds
from duologue.settings.dataset_names import dataset_name_from
from duologue.simulation import Draft
from duologue.versions.checkpoints import Checkpoints
from duologue.versions.finding import find_dataset, find_version
from duologue.versions.history import pin_version, remove_version, roll_back, unpin_version
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import check_writable, write_version
from tests.dataset.making import VERSION, checked, contents

IN_ARABIC_DIGITS = VERSION[:15].translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")) + VERSION[15:]
NO_NAMES = [
    "../x", "../../x", "/etc/x", "/", ".", "..", "...", "a/../../x", "a/b", "a\\b", "..\\x",
    "C:\\x", "C:x", "\\\\host\\x", "x\0", "x\n", "%2e%2e%2fx", "..%2fx", "\u2025/x",
    "\u2024\u2024/x", "\uff0e\uff0e/x", "\u202e/x", "~", "~root/x", "$HOME", "`id`", "con", "x.",
    " x", "s3://bucket/x", "file:///etc/x", "memory://x", "simplecache::file:///etc/x", "-rf", "*",
    f"{VERSION}/..", f"../shop/{VERSION}", f"{VERSION}\n", IN_ARABIC_DIGITS, "NUL.txt", "a" * 300,
]  # fmt: skip
"""What is neither a dataset's name nor a version."""
NO_VERSIONS = [*NO_NAMES, "", "pins", "latest.json", VERSION.lower(), f"{VERSION}-r2"]
PART = st.sampled_from(["..", ".", "/", "\\", "\0", "%2f", "~", "a", VERSION, ":", "-r2", "\u2215"])
NAME = st.sampled_from(NO_VERSIONS) | st.lists(PART, max_size=5).map("".join) | st.text(max_size=20)


@contextmanager
def nothing_but(folder: Path, root: Path) -> Iterator[None]:
    """Checks that nothing next to a folder comes, goes or changes."""

    def seen() -> dict[Path, bytes]:
        return {
            path: path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and folder not in path.parents
        }

    before = seen()
    yield
    assert seen() == before


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds one dataset, next to what no command may touch."""
    root = tmp_path_factory.mktemp("root")
    (root / "x").write_text("of somebody else")
    output = root / "datasets"
    publish_latest(
        write_version(DatasetFolder(str(output), "shop"), VERSION, contents(checked("Hi?")))
    )
    return output


@given(name=NAME)
def test_a_datasets_folder_is_in_the_output(output: Path, name: str) -> None:
    with suppress(UsageError):
        folder = Path(DatasetFolder(str(output), name).folder.path)
        assert folder.parent == folder.resolve().parent == output
        assert folder.name == name


@given(path=NAME)
def test_a_seed_file_gives_its_dataset_a_name_that_can_be_one(output: Path, path: str) -> None:
    assert DatasetFolder(str(output), dataset_name_from(path)).folder.parent.path == str(output)


@given(version=NAME, revision=st.integers(1, 99))
def test_a_versions_folder_is_in_its_datasets(output: Path, version: str, revision: int) -> None:
    with suppress(UsageError):
        folder = Path(DatasetFolder(str(output), "shop").revision_folder(version, revision).path)
        assert folder.parent == folder.resolve().parent == output / "shop"


TAKE_A_NAME: list[Callable[[str, str], object]] = [
    lambda output, name: check_writable(DatasetFolder(output, name)),
    lambda output, name: find_dataset(output, name),
    lambda output, name: find_version("latest", output, name).folder,
    lambda output, name: find_version(VERSION, output, name).folder,
    lambda output, name: plan_rerun("latest", name=name, output=output),
    lambda output, name: plan_generation(seeds="seeds.csv", output=output, name=name),
    lambda output, name: pin_version(DatasetFolder(output, name), VERSION),
    lambda output, name: remove_version(DatasetFolder(output, name), VERSION),
    lambda output, name: roll_back(DatasetFolder(output, name), VERSION),
]
TAKE_A_VERSION: list[Callable[[str, str], object]] = [
    lambda output, version: plan_generation(
        seeds="a.csv", output=output, advanced={"resume": version}
    ),
    lambda output, version: pin_version(DatasetFolder(output, "shop"), version),
    lambda output, version: unpin_version(DatasetFolder(output, "shop"), version),
    lambda output, version: remove_version(DatasetFolder(output, "shop"), version),
    lambda output, version: roll_back(DatasetFolder(output, "shop"), version),
    lambda output, version: (
        write_version(DatasetFolder(output, "shop"), version, contents(checked("Hi?"))).manifest
    ),
]


NAME_SETTING, VERSION_SETTING = 5, 0
"""Places of `plan_generation` in the lists above."""


@pytest.mark.parametrize(
    ("use", "name"),
    [
        (use, name)
        for use in range(len(TAKE_A_NAME))
        for name in NO_NAMES
        # A setting is taken without the blanks around it.
        if use != NAME_SETTING or name == name.strip()
    ],
)
def test_whoever_takes_a_datasets_name_refuses_what_is_none(
    output: Path, use: int, name: str
) -> None:
    with nothing_but(output / "shop", output.parent), pytest.raises(UsageError):
        TAKE_A_NAME[use](str(output), name)


@pytest.mark.parametrize(
    ("use", "version"),
    [
        (use, version)
        for use in range(len(TAKE_A_VERSION))
        for version in NO_VERSIONS
        # A setting is taken without the blanks around it, and is off if it is empty.
        if use != VERSION_SETTING or (version and version == version.strip())
    ],
)
def test_whoever_takes_a_version_refuses_what_is_none(output: Path, use: int, version: str) -> None:
    with nothing_but(output.parent / "none", output.parent), pytest.raises(UsageError):
        TAKE_A_VERSION[use](str(output), version)


def test_seed_ids_are_in_files_and_never_their_names(tmp_path: Path) -> None:
    ids = [name for name in NO_NAMES if "\0" not in name and "\n" not in name]
    (tmp_path / "seeds.jsonl").write_text(
        "\n".join(json.dumps({"message": f"Hello {n}", "seed_id": i}) for n, i in enumerate(ids))
    )
    seed_file = read_seeds(str(tmp_path / "seeds.jsonl"))
    found = {seed.seed_id for seed in seed_file.seeds}
    assert found == {name for name in ids if len(name) <= 200} - {" "}
    output = tmp_path / "datasets"
    with nothing_but(output, tmp_path):
        conversations = [checked(f"Hello {i}", "Hi.", seed_id=i) for i in found]
        write_version(DatasetFolder(str(output), "shop"), VERSION, contents(*conversations))
    assert {path.name for path in output.iterdir()} == {"shop"}
    assert {path.name for path in (output / "shop").iterdir()} == {VERSION}
    assert all(path.is_file() for path in (output / "shop" / VERSION).iterdir())


@given(seed_id=NAME.filter(bool), message=st.text(min_size=1, max_size=20))
def test_what_is_kept_of_a_conversation_is_under_a_digest(seed_id: str, message: str) -> None:
    settings = plan_generation(seeds="seeds.csv").settings
    seed = Seed.model_construct(seed_id=seed_id, message=message, context={seed_id: message})
    (job,) = jobs_of([seed], settings, VERSION)
    assert re.fullmatch(rf"{VERSION}/[0-9a-f]{{64}}", job.key)


def test_drafts_stay_in_the_checkpoints_folder() -> None:
    settings = plan_generation(seeds="seeds.csv").settings
    with tempfile.TemporaryDirectory() as root:
        checkpoints = Checkpoints(UPath(root) / "shop", lambda warning: None)
        seeds = [Seed(seed_id=i[:200], message="Hi") for i in NO_NAMES]
        draft = Draft.of(seeds[0])
        draft.messages.append(Message(role=Role.ASSISTANT, text="Hello."))
        for job in jobs_of(seeds, settings, VERSION):
            asyncio.run(checkpoints.write(job.draft_key, draft))
        assert {path.name for path in Path(root).iterdir()} == {"shop"}
        assert {path.name for path in (Path(root) / "shop").iterdir()} == {".checkpoints"}
        found = Path(root, "shop", ".checkpoints")
        assert {path.name for path in found.iterdir()} == {VERSION}
