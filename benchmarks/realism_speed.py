"""Measures how much CPU time it takes to compare 1,000 conversations.

    python -m benchmarks.realism_speed [CONVERSATIONS]

Half of them count as simulated. They have four user messages of 5 to 40 words and replies of about
60, none like another. Reading them from a file is included.
"""

import json
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.check_speed import SENTENCES
from duologue.realism.measuring import compare_users
from duologue.realism.reading import read_users


def main() -> None:
    """Prints CPU seconds."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{side}.jsonl") for side in ("simulated", "real")]
        for number, file in enumerate(files):
            lines = (_conversation(random.Random(f"{number} {i}")) for i in range(count // 2))
            file.write_text("\n".join(map(json.dumps, lines)))
        start = time.process_time()
        simulated, real = (read_users(str(file)) for file in files)
        measured = compare_users(simulated, real)
        print(f"{count:,} conversations: {time.process_time() - start:.1f} CPU seconds")
        print(f"AUC {measured.auc:.3f} of two sides made in the same way")


def _conversation(chance: random.Random) -> dict[str, object]:
    messages = []
    for _ in range(4):
        words = " ".join(chance.sample(SENTENCES, 3)).split()
        said = words[: chance.randint(5, 40)]
        messages.append({"role": "user", "content": f"{' '.join(said)} {chance.random()}"})
        reply = " ".join(chance.sample(SENTENCES, 4))
        messages.append({"role": "assistant", "content": f"{reply} {chance.random()}"})
    return {"messages": messages}


if __name__ == "__main__":
    main()
