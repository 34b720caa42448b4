"""What is shown of a path or URL holds no secret, and is still the path."""

import traceback
from collections.abc import Callable

import pytest

from duologue.errors import UsageError
from duologue.seeds import read_seeds
from duologue.storage.locations import without_credentials
from duologue.validation.transcripts import read_transcripts
from duologue.versions.finding import find_dataset, find_version
from duologue.versions.places import DatasetFolder
from duologue.versions.writing import check_writable


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("https://me:secret@host/a.csv", "https://host/a.csv"),
        ("https://me:sec@ret@host/a.csv", "https://host/a.csv"),
        ("https://secret@host/a.csv", "https://host/a.csv"),
        ("https://host/a.csv?token=secret", "https://host/a.csv"),
        ("https://host/a.csv#secret", "https://host/a.csv"),
        ("https://host/a.csv?token=\nsecret", "https://host/a.csv"),
        ("HTTPS://me:secret@host/a.csv?token=secret", "HTTPS://host/a.csv"),
        ("s3://key:secret@bucket/a.csv", "s3://bucket/a.csv"),
        ("ftp://me:secret@host/a@b.csv", "ftp://host/a@b.csv"),
        (
            "zip://a.csv::https://me:secret@host/z.zip?token=secret",
            "zip://a.csv::https://host/z.zip",
        ),
        ("simplecache::s3://key:secret@bucket/a.csv", "simplecache::s3://bucket/a.csv"),
    ],
)
def test_user_names_passwords_and_tokens_are_left_out(path: str, shown: str) -> None:
    assert without_credentials(path) == shown


@pytest.mark.parametrize(
    "path",
    [
        "what? me@home#1.csv",
        "/data/me:you@home/a.csv",
        "s3://bucket/what?/a#1.csv",
        "s3://bucket/me@home.csv",
        "gs://bucket/a?b=c@d",
        "memory://folder/a?b",
        "https://host/me@home.csv",
        "C:\\data\\a.csv",
        "",
    ],
)
def test_what_is_no_secret_stays(path: str) -> None:
    assert without_credentials(path) == path


USES: dict[str, Callable[[str], object]] = {
    "seeds": read_seeds,
    "transcripts": lambda url: list(read_transcripts(url)),
    "output": lambda url: check_writable(DatasetFolder(url, "shop")),
    "output of latest": lambda url: find_version("latest", url).folder,
    "version": lambda url: find_version(url, "datasets").folder,
    "output of a dataset": find_dataset,
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    "url",
    [
        "https://me:s3cr3t@127.0.0.1:9/a.csv?token=s3cr3t",
        "http://127.0.0.1:9/a.csv?token=s3cr3t",
        "https://me:s3cr3t@[::1/a.csv",
        "s3://key:s3cr3t@bucket/a.csv",
        "simplecache::s3://key:s3cr3t@bucket/a.csv",
        "ftp://me:s3cr3t@127.0.0.1:9/a.csv",
        "nope://me:s3cr3t@host/a.csv",
        "zip://a.csv::https://me:s3cr3t@127.0.0.1:9/z.zip?token=s3cr3t",
    ],
)
def test_no_error_about_a_url_holds_its_secrets(use: str, url: str) -> None:
    """Nor does what it was raised from: Prefect logs the traceback with all of it."""
    with pytest.raises(UsageError) as raised:
        USES[use](url)
    assert "s3cr3t" not in "".join(traceback.format_exception(raised.value))
