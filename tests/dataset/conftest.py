"""Where datasets are: on a disk, in memory, and on an S3 server."""

import logging
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """An S3 server in this process, with an empty bucket of the name `bucket`; gives its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # or it tells of every request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="bucket")
    S3FileSystem.clear_instance_cache()  # of drivers that were made for another server
    yield url
    server.stop()
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def s3_output(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place on S3, reached as people reach theirs, by the environment alone."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return f"s3://bucket/{uuid.uuid4()}"


@pytest.fixture(params=["disk", "memory", "s3"])
def output(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for datasets, on each kind of storage in turn."""
    match request.param:
        case "disk":
            return str(tmp_path / "out")
        case "memory":
            return f"memory://{uuid.uuid4()}"
        case _:
            place: str = request.getfixturevalue("s3_output")
            return place
