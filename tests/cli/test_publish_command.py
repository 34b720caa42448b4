"""`duologue publish-to hub`, with the real client against a stand-in for the Hub's API."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

from duologue.dataset.contents import DatasetContents
from duologue.dataset.manifest import Manifest
from duologue.versions.latest import publish_latest
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import write_version
from tests.dataset.making import VERSION, checked, contents, many
from tests.support.commands import duologue
from tests.support.hub_stand_in import TOKEN, Hub, hub_stand_in

NAME = "my-team/shop"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with hub_stand_in() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        # Its own protocol for large files, whose servers have no stand-in.
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        yield hub


def written(tmp_path: Path, made: DatasetContents, version: str = VERSION) -> Manifest:
    found = write_version(DatasetFolder(str(tmp_path / "datasets"), "shop"), version, made)
    publish_latest(found)
    return found.manifest


def publish(tmp_path: Path, *options: str) -> Any:
    return duologue("publish-to", "hub", NAME, *options, cwd=tmp_path)


def metadata(card: bytes) -> Any:
    return YAML(typ="safe").load(card.decode().split("---\n")[1])


def test_a_version_is_a_private_dataset_with_a_complete_card(tmp_path: Path, hub: Hub) -> None:
    german = "Wo ist meine Bestellung? Ich habe sie vor zwei Wochen aufgegeben und warte noch."
    english = "Where is my order? I placed it two weeks ago and I am still waiting for it."
    manifest = written(
        tmp_path,
        contents(
            checked(german, "Sie kommt morgen.", "Vielen Dank für die schnelle Auskunft!"),
            checked(
                english, "It arrives tomorrow.", "Thank you for the quick answer!", seed_id="s2"
            ),
        ),
    )
    done = publish(tmp_path, "--license", "cc-by-4.0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"published as\n{hub.url}/datasets/{NAME}\n")
    repository = hub.repositories[NAME]
    assert repository.is_private
    assert repository.commits == ["initial", f"shop {VERSION}, revision 1"]
    assert sorted(repository.files) == [
        "README.md", "conversations.parquet", "croissant.json", "next_turns.parquet",
    ]  # fmt: skip
    frame = pd.read_parquet(io.BytesIO(repository.files["conversations.parquet"]))
    assert list(frame["seed_message"]) == [german, english]
    card = metadata(repository.files["README.md"])
    assert card["license"] == "cc-by-4.0"
    assert sorted(card["language"]) == ["de", "en"]
    assert "synthetic" in card["tags"]
    assert {one["config_name"]: one["data_files"][0]["path"] for one in card["configs"]} == {
        "conversations": "conversations.parquet",
        "next_turns": "next_turns.parquet",
    }
    assert manifest.version in repository.files["README.md"].decode()


def test_publishing_again_changes_nothing_and_a_newer_version_replaces_it(
    tmp_path: Path, hub: Hub
) -> None:
    written(tmp_path, many(3))
    assert publish(tmp_path).returncode == 0
    before = list(hub.repositories[NAME].commits)
    again = publish(tmp_path)
    assert again.returncode == 0, again.stderr
    assert "was already" in again.stdout
    assert hub.repositories[NAME].commits == before
    newer = VERSION.replace("2026", "2027")
    written(tmp_path, many(4), newer)
    assert "published as" in publish(tmp_path).stdout
    assert hub.repositories[NAME].commits == [*before, f"shop {newer}, revision 1"]
    data = hub.repositories[NAME].files["conversations.parquet"]
    assert len(pd.read_parquet(io.BytesIO(data))) == 4


def test_a_new_dataset_is_public_only_on_request(tmp_path: Path, hub: Hub) -> None:
    written(tmp_path, many(3))
    assert publish(tmp_path, "--public").returncode == 0
    assert not hub.repositories[NAME].is_private


def test_what_everyone_could_read_is_not_published_by_accident(tmp_path: Path, hub: Hub) -> None:
    written(tmp_path, many(3))
    assert publish(tmp_path, "--public").returncode == 0
    before = list(hub.repositories[NAME].commits)
    written(tmp_path, many(4), VERSION.replace("2026", "2027"))
    done = publish(tmp_path)
    assert done.returncode == 2
    assert f"hub '{NAME}': the dataset is public" in done.stderr
    assert hub.repositories[NAME].commits == before


def test_where_the_seeds_were_is_not_published(tmp_path: Path, hub: Hub) -> None:
    made = many(3)
    seeds = replace(made.seed_file, path="/home/anna/plans/seeds.csv")
    written(tmp_path, replace(made, seed_file=seeds))
    publish(tmp_path)
    card = hub.repositories[NAME].files["README.md"].decode()
    assert "| seed file | `seeds.csv` |" in card
    assert all(b"anna" not in content for content in hub.repositories[NAME].files.values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"HF_TOKEN": "hf_wrong-token"},
            "answered 401 Unauthorized; check that HF_TOKEN may write",
        ),
        ({"HF_TOKEN": ""}, "there is no token; set HF_TOKEN"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "the Hub cannot be reached (ConnectError)"),
    ],
)
def test_what_the_hub_refuses_is_one_sentence_without_the_token(
    tmp_path: Path,
    hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    words: str,
) -> None:
    written(tmp_path, many(3))
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    done = publish(tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hf_" not in done.stderr + done.stdout
    assert not hub.repositories


def test_an_outage_publishes_nothing(tmp_path: Path, hub: Hub) -> None:
    written(tmp_path, many(3))
    hub.refuses = 500
    done = publish(tmp_path)
    assert done.returncode == 2
    assert "the Hub answered 500" in done.stderr
    assert "try again later; what is published already is not published twice" in done.stderr


def test_a_version_that_is_held_back_stays_here(tmp_path: Path, hub: Hub) -> None:
    manifest = written(tmp_path, contents())
    assert manifest.held_back
    done = duologue("publish-to", "hub", NAME, VERSION, "--name", "shop", cwd=tmp_path)
    assert done.returncode == 2
    assert f"shop {VERSION} is held back" in done.stderr
    assert not hub.repositories


def test_a_name_that_no_repository_can_have(tmp_path: Path, hub: Hub) -> None:
    written(tmp_path, many(3))
    done = duologue("publish-to", "hub", "no//name", cwd=tmp_path)
    assert done.returncode == 2
    assert "'no//name': is no name of a repository; expected one such as" in done.stderr


def test_a_license_that_the_hub_does_not_know(tmp_path: Path, hub: Hub) -> None:
    written(tmp_path, many(3))
    done = publish(tmp_path, "--license", "mine")
    assert done.returncode == 2
    assert "the Hub refuses the card" in done.stderr
    assert "check --license" in done.stderr
    assert hub.repositories[NAME].commits == ["initial"]
