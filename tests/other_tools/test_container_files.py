"""hadolint accepts the Dockerfile, and the Compose specification's schema accepts compose.yaml."""

from pathlib import Path

from tests.other_tools.conftest import ROOT, Run


def test_hadolint_has_nothing_to_say_of_the_dockerfile(run: Run, tmp_path: Path) -> None:
    done = run("hadolint", str(ROOT / "Dockerfile"))
    assert (done.returncode, done.stdout) == (0, "")
    text = (ROOT / "Dockerfile").read_text()
    (tmp_path / "Dockerfile").write_text(text.replace("python:3.12-slim-bookworm", "python"))
    assert "DL3006" in run("hadolint", "Dockerfile").stdout


def test_compose_yaml_is_what_the_specification_says(run: Run, tmp_path: Path) -> None:
    check = ("check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    done = run(*check, str(ROOT / "compose.yaml"))
    assert done.returncode == 0, done.stdout
    text = (ROOT / "compose.yaml").read_text()
    (tmp_path / "compose.yaml").write_text(text.replace("depends_on:", "depends:"))
    assert "depends" in run(*check, "compose.yaml").stdout
