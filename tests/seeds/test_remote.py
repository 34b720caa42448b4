from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import fsspec
import pytest

from duologue.errors import UsageError
from duologue.seeds import read_seeds
from tests.support.serving import served

FILES = {"/seeds.csv": b"message,lang\nHello,en\n,en\n", "/latin.csv": b"caf\xe9\n"}
FILES["/seeds"] = FILES["/seeds.csv"]
SECRETS = {"/private.csv": 403, "/broken.csv": 500}


class Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.partition("?")[0]
        self.send_response(200 if name in FILES else SECRETS.get(name, 404))
        self.send_header("Content-Length", str(len(FILES.get(name, b""))))
        self.end_headers()
        self.wfile.write(FILES.get(name, b""))

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[str]:
    with served(ThreadingHTTPServer(("127.0.0.1", 0), Files)) as server:
        yield f"127.0.0.1:{server.server_port}"


def test_a_file_is_read_through_fsspec() -> None:
    folder = f"memory://{uuid4()}"
    with fsspec.open(f"{folder}/what?.csv", "wb") as file:
        file.write(b"Hello\n")
    assert read_seeds(f"{folder}/what?.csv").seeds[0].message == "Hello"
    with pytest.raises(UsageError, match=r"other\.csv: there is no such file; check the address"):
        read_seeds(f"{folder}/other.csv")


def test_a_file_is_read_over_http_and_its_rows_name_it(web: str) -> None:
    seeds = read_seeds(f"http://{web}/seeds.csv")
    assert [seed.message for seed in seeds.seeds] == ["Hello"]
    assert str(seeds.rejected[0]).startswith(f"http://{web}/seeds.csv:3: message is empty")


def test_a_url_may_name_the_format_in_its_query(web: str) -> None:
    """As Google Sheets' addresses for downloads do."""
    assert len(read_seeds(f"http://{web}/seeds?format=csv").seeds) == 1
    with pytest.raises(UsageError, match="--seed-format"):
        read_seeds(f"http://{web}/seeds")


def test_the_remedy_for_an_encoding_fetches_the_file(web: str) -> None:
    with pytest.raises(UsageError, match=rf"curl -L http://{web}/latin.csv \| iconv -f windows"):
        read_seeds(f"http://{web}/latin.csv")


def test_what_a_url_holds_of_secrets_is_shown_nowhere(web: str) -> None:
    seeds = read_seeds(f"http://me:hush@{web}/seeds.csv?sig=hush#hush")
    assert seeds.path == f"http://{web}/seeds.csv"
    assert "hush" not in repr(seeds)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing.csv", "there is no such file"),
        ("private.csv", "HTTP 403"),
        ("broken.csv", "HTTP 500"),
        ("latin.csv", "is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_fetched_is_refused(web: str, name: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected) as caught:
        read_seeds(f"http://me:hush@{web}/{name}?sig=hush")
    assert "hush" not in str(caught.value)


def test_an_address_that_is_none_is_refused_without_its_secrets() -> None:
    with pytest.raises(UsageError, match="could not be read") as caught:
        read_seeds("http:///seeds.csv?sig=hush")
    assert "hush" not in str(caught.value)


def test_a_server_that_is_not_there_is_named(web: str) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as gone:
        port = gone.server_port
    with pytest.raises(UsageError, match=rf"127\.0\.0\.1:{port}/seeds\.csv: could not be read"):
        read_seeds(f"http://127.0.0.1:{port}/seeds.csv")


def test_a_storage_whose_driver_is_missing_names_its_package() -> None:
    with pytest.raises(UsageError, match=r"needs a package that is not installed \(.*pygit2"):
        read_seeds("git://somewhere/seeds.csv")


def test_a_storage_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match=r"nowhere://seeds\.csv: could not be read \(Protocol"):
        read_seeds("nowhere://seeds.csv")
