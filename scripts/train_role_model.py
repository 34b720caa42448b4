"""Trains the model of who speaks like whom: duologue/validation/role_weights.npz.

    python scripts/train_role_model.py FOLDER [--without NAME ...] [--out FILE]

FOLDER contains conversations as JSON Lines, one file for each corpus, named `LANGUAGE.NAME.jsonl`;
each line is `{"messages": [{"role": "user" or "assistant", "content": "..."}]}`. In a file named
`LANGUAGE.NAME.peers.jsonl` neither side serves, and each message counts for both. The corpora that
the shipped weights were trained on, and where they are, are listed in docs/reference/rules.md; none
is part of this repository. The utterances in `scripts/role_utterances` are: they were written for
this, and stand in for languages without a public corpus.

In each corpus the messages of both sides weigh the same, and each corpus weighs the same whatever
its size, so that a language or a subject tells nothing about the role. There is no chance in it:
the same files give the same weights.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from duologue.validation.role_model import BUCKET_BITS, FORMS, ORDERS, Features, RoleModel, read

Floats = npt.NDArray[np.float32]
Conversation = list[tuple[str, str]]

NGRAMS = len(ORDERS) << BUCKET_BITS
"""Number of weights of n-grams."""
CONVERSATIONS = 300
"""Read from one corpus at most."""
MESSAGES = 30
"""Read from one conversation at most."""
WRITTEN = Path(__file__).parent / "role_utterances"
WRITTEN_WEIGHT = 0.5
PASSES, RATE, DECAY = 60, 0.05, 2e-6
"""Full passes, Adam's learning rate, and the penalty on squared weights."""


@dataclass(frozen=True)
class Sample:
    """All messages of all corpora, one after the other."""

    features: Features
    is_assistant: Floats
    weight: Floats


def corpora(folder: Path, without: Sequence[str]) -> Iterator[tuple[float, list[Conversation]]]:
    """Yields each corpus of the folder with its weight, in order of its name."""
    for path in sorted(folder.glob("*.jsonl")):
        names = path.name.split(".")
        if not any(name in without for name in names):
            lines = path.read_text(encoding="utf-8").splitlines()[:CONVERSATIONS]
            read_all = [_messages(json.loads(line)["messages"]) for line in lines]
            yield 1.0, [*read_all, *map(_swapped, read_all)] if "peers" in names else read_all
    for path in sorted(WRITTEN.glob("*.tsv")):
        if path.stem not in without:
            rows = path.read_text(encoding="utf-8").splitlines()
            pairs = [row.split("\t") for row in rows if row]
            yield WRITTEN_WEIGHT, [[(role, text)] for role, text in pairs]


def _messages(records: list[dict[str, str]]) -> Conversation:
    return [(record["role"], record["content"]) for record in records][:MESSAGES]


def _swapped(conversation: Conversation) -> Conversation:
    other = {"user": "assistant", "assistant": "user"}
    return [(other[role], text) for role, text in conversation]


def sample(chosen: Iterator[tuple[float, list[Conversation]]]) -> Sample:
    """Reads the features of all messages, and weighs them."""
    read_all: list[Features] = []
    sides: list[Floats] = []
    weights: list[Floats] = []
    for weight, conversations in chosen:
        side = np.array([r == "assistant" for c in conversations for r, _ in c], dtype=np.float32)
        read_all += [_read([text for _, text in c]) for c in conversations if c]
        share = np.where(side > 0, 1 / max(side.sum(), 1), 1 / max((1 - side).sum(), 1))
        sides.append(side)
        weights.append((weight * share).astype(np.float32))
    total = np.concatenate(weights)
    return Sample(_joined(read_all), np.concatenate(sides), total / total.sum())


def _read(texts: list[str]) -> Features:
    return read(texts, ["", *texts[:-1]])


def _joined(parts: Sequence[Features]) -> Features:
    offsets = np.cumsum([0, *(part.buckets.shape[1] for part in parts)])
    return Features(
        np.concatenate([p.buckets for p in parts], axis=1),
        np.concatenate([p.starts + o for p, o in zip(parts, offsets[:-1], strict=True)]),
        np.concatenate([p.scale for p in parts]),
        np.concatenate([p.forms for p in parts]),
    )


def train(data: Sample) -> RoleModel:
    """Fits a logistic regression by Adam on all messages at once."""
    x = data.features
    lengths = np.diff(np.append(x.starts, x.buckets.shape[1]))
    weights = np.zeros(NGRAMS + FORMS + 1, dtype=np.float32)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, PASSES + 1):
        model = _model(weights)
        scores = x.forms @ model.forms + np.float32(model.bias)
        for hashed in x.buckets:
            scores += np.add.reduceat(model.ngrams[hashed], x.starts) * x.scale
        error = (1 / (1 + np.exp(-scores)) - data.is_assistant) * data.weight
        each = np.repeat(error * x.scale, lengths)
        of_ngrams = sum(np.bincount(h, weights=each, minlength=NGRAMS) for h in x.buckets)
        slope = np.concatenate([of_ngrams, error @ x.forms, [error.sum()]]).astype(np.float32)
        slope += np.float32(DECAY) * weights
        mean += 0.1 * (slope - mean)
        square += 0.01 * (slope * slope - square)
        rate = RATE * np.sqrt(1 - 0.99**step) / (1 - 0.9**step)
        weights -= (rate * mean / (np.sqrt(square) + 1e-8)).astype(np.float32)
    return _model(weights)


def _model(weights: Floats) -> RoleModel:
    return RoleModel(weights[:NGRAMS], weights[NGRAMS:-1], float(weights[-1]))


def store(model: RoleModel, path: Path) -> None:
    """Writes the weights as whole numbers from -127 to 127."""
    step = np.float32(np.quantile(np.abs(model.ngrams), 0.9995) / 127)
    packed = np.clip(np.rint(model.ngrams / step), -127, 127).astype(np.int8)
    np.savez_compressed(path, ngrams=packed, step=step, forms=model.forms, bias=model.bias)


def main() -> None:
    """Reads the command line, trains, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--without", nargs="*", default=[], help="corpora or languages to leave out"
    )
    default = Path(__file__).parents[1] / "duologue" / "validation" / "role_weights.npz"
    parser.add_argument("--out", type=Path, default=default)
    options = parser.parse_args()
    store(train(sample(corpora(options.folder, options.without))), options.out)


if __name__ == "__main__":
    main()
