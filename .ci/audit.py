"""Looks the locked dependencies up among the known vulnerabilities of osv.dev, with pip-audit.

Exit code 1 if there is one, with a release that mends it, in what Duologue needs to run; others
are told. Where the service cannot be reached nothing is known, which is said, and no failure: it
is no reason not to build on a machine without internet.

`.ci/advisories.txt` names those that were looked into and do not concern Duologue, an id and the
reason a line. `make audit` sets up what this needs and runs it.
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
    """Reads the ids, the first word of each line that is no comment."""
    lines = (line.strip() for line in text.splitlines())
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def audited(requirements: str, options: list[str]) -> dict[str, Any] | None:
    """Asks about every package of a lock file; None where there was no answer."""
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
    """Tells what was found, a line each, and whether any of it is to be mended now."""
    lines, is_to_mend = [], False
    for package in report["dependencies"]:
        if reason := package.get("skip_reason"):
            lines.append(f"{package['name']}: not looked up: {reason}")
        for found in package.get("vulns", []):
            mended = ", ".join(found["fix_versions"])
            here = "to run" if package["name"] in runtime else "for development alone"
            lines.append(
                f"{package['name']} {package['version']} ({here}): {found['id']}, "
                f"{f'mended in {mended}' if mended else 'not mended yet'}"
            )
            is_to_mend |= bool(mended) and package["name"] in runtime
    return lines, is_to_mend


def names_in(requirements: str) -> set[str]:
    """Names the packages of a lock file."""
    pinned = (line for line in requirements.splitlines() if "==" in line and line[0] not in " #")
    return {line.partition("==")[0].strip() for line in pinned}


def main(options: list[str]) -> int:
    """Audits the lock file of everything, which holds the one of the runtime."""
    report = audited(EVERYTHING, options)
    if report is None:
        print("NOT AUDITED: the vulnerabilities known to osv.dev could not be asked for")
        return 0
    lines, is_to_mend = judged(report, names_in((ROOT / RUNTIME).read_text()))
    print("\n".join([*lines, f"audited {len(report['dependencies'])} packages"]))
    return 1 if is_to_mend else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
