"""Checks the locked dependencies for vulnerabilities known to osv.dev, with pip-audit.

The exit code is 1 if a dependency that Duologue needs to run has a vulnerability and a release
fixes it. Other vulnerabilities are printed only. If the service cannot be reached, this prints so
and succeeds: a machine without internet must be able to build.

`.ci/advisories.txt` lists the advisories that were examined and do not affect Duologue, one a line:
its id and the reason. `make audit` installs pip-audit and runs this.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RUNTIME, EVERYTHING = "requirements.txt", "requirements-dev.txt"
ACCEPTED = ".ci/advisories.txt"


def accepted_ids(text: str) -> list[str]:
    """Returns the ids: the first word of each line that is not a comment."""
    lines = (line.strip() for line in text.splitlines())
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def audited(requirements: str, options: list[str]) -> dict[str, Any] | None:
    """Returns pip-audit's report on a lock file; None if there was no answer."""
    accepted = accepted_ids((ROOT / ACCEPTED).read_text())
    ignored = [word for advisory in accepted for word in ("--ignore-vuln", advisory)]
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv"]
    how = ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(
        [*command, *how, "--requirement", str(ROOT / requirements), *ignored, *options],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        reason = done.stderr.strip().splitlines()
        sys.stderr.write(f"pip-audit: {reason[-1] if reason else 'no answer'}\n")
        return None
    return report


def judged(report: dict[str, Any], runtime: set[str]) -> tuple[list[str], bool]:
    """Returns what was found, a line each, and whether any of it must be fixed now."""
    lines, must_be_fixed = [], False
    for package in report["dependencies"]:
        if reason := package.get("skip_reason"):
            lines.append(f"{package['name']}: not checked: {reason}")
        for found in package.get("vulns", []):
            fixed = ", ".join(found["fix_versions"])
            here = "to run" if package["name"] in runtime else "for development only"
            lines.append(
                f"{package['name']} {package['version']} ({here}): {found['id']}, "
                f"{f'fixed in {fixed}' if fixed else 'not fixed yet'}"
            )
            must_be_fixed |= bool(fixed) and package["name"] in runtime
    return lines, must_be_fixed


def names_in(requirements: str) -> set[str]:
    """Returns the names of a lock file's packages."""
    pinned = (line for line in requirements.splitlines() if "==" in line and line[0] not in " #")
    return {line.partition("==")[0].strip() for line in pinned}


def main(options: list[str]) -> int:
    """Audits the lock file for development, which contains the runtime's."""
    report = audited(EVERYTHING, options)
    if report is None:
        print("NOT AUDITED: osv.dev could not be reached")
        return 0
    lines, must_be_fixed = judged(report, names_in((ROOT / RUNTIME).read_text()))
    print("\n".join([*lines, f"audited {len(report['dependencies'])} packages"]))
    return 1 if must_be_fixed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
