"""Without Prefect: whatever runs on a schedule looks whether there is a new version.

    python without_prefect.py DATASETS NAME

Remembers in `seen.json` which revision it took, which is also the pin: who gives that version again
gets the same rows.
"""

import json
import sys
from pathlib import Path

import duologue

SEEN = Path("seen.json")


def main(datasets: str, name: str) -> None:
    """Takes the latest version, unless it was taken before."""
    dataset = duologue.load("latest", output=datasets, name=name)
    manifest = dataset.manifest
    taken = {"version": manifest.version, "revision": manifest.revision}
    if SEEN.exists() and json.loads(SEEN.read_text()) == taken:
        print(f"nothing new since {manifest.version}")
        return
    frame = dataset.next_turns.to_pandas()
    print(f"{manifest.version} revision {manifest.revision}: {len(frame)} next turns")
    SEEN.write_text(json.dumps(taken))


if __name__ == "__main__":
    main(*sys.argv[1:])
