"""What is shown of a path or URL holds no secret, and is still the path."""

import pytest

from duologue.locations import without_credentials


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
