import math
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from duologue.validation.role_model import BUCKET_BITS, FORMS, ORDERS, RoleModel, read, role_model

PAD = "\x03" * (max(ORDERS) - 1)


def bucket(ngram: str) -> int:
    """The n-gram's hash in Python's own whole numbers."""

    def of_pair(first: str, second: str) -> int:
        return (ord(first) * 0x01000193 + ord(second)) % 2**32

    hashed = of_pair(ngram[0], ngram[1])
    for i in range(2, len(ngram), 2):
        hashed = (hashed * 0x01000193 + of_pair(ngram[i], ngram[i + 1])) % 2**32
    return (hashed * 0x9E3779B1) % 2**32 >> (32 - BUCKET_BITS)


def tiny_model(weights: dict[str, float], forms: dict[int, float], bias: float) -> RoleModel:
    ngrams = np.zeros(len(ORDERS) << BUCKET_BITS, dtype=np.float32)
    for ngram, weight in weights.items():
        ngrams[(ORDERS.index(len(ngram)) << BUCKET_BITS) + bucket(ngram)] = weight
    return RoleModel(
        ngrams, np.array([forms.get(i, 0) for i in range(FORMS)], dtype=np.float32), bias
    )


def test_the_score_is_as_counted_by_hand() -> None:
    model = tiny_model({"help": 2.0, "\x030": 0.5}, {0: 3.0, 2: 1.0, 3: -1.0}, bias=0.25)
    first, second = "Help, HELP me?", "7 yes"
    # "help" twice; the pair of padding and a digit once, whatever the digit.
    by_hand = [
        2 * 2.0 / math.sqrt(len(first) + len(PAD)) + 3 * math.log1p(len(first)) / 8 + 1 + 0.25,
        0.5 / math.sqrt(len(second) + len(PAD)) + 3 * math.log1p(len(second)) / 8 - 1 + 0.25,
    ]
    scores = model.score([first, second], ["", first])
    assert scores.tolist() == pytest.approx(by_hand, abs=1e-6)


def test_a_message_scores_the_same_alone_and_among_others() -> None:
    texts = ["Where is my order?", "", "您好\uff0c请问您的订单号是多少\uff1f", "x" * 1000, "12"]
    before = ["", *texts[:-1]]
    together = role_model().score(texts, before)
    alone = [role_model().score([t], [b])[0] for t, b in zip(texts, before, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
    assert role_model().score([], []).shape == (0,)


def test_each_ngram_stays_in_its_message() -> None:
    features = read(["ab", "ba"], ["", ""])
    buckets = features.buckets[0].tolist()
    assert features.starts.tolist() == [0, len(PAD) + 2]
    assert buckets[len(PAD) - 1 : len(PAD) + 2] == [bucket("\x03a"), bucket("ab"), bucket("b\x03")]


def test_assistants_score_higher_than_users() -> None:
    pairs = {
        "Could you please tell me your order number?": "I want to return these shoes.",
        "Ihre Buchung ist bestätigt.": "Ich will meinen Vertrag kündigen.",
        "¿En qué puedo ayudarle?": "Quiero cancelar mi reserva.",
        "请问您的订单号是多少\uff1f": "我想改签去上海的机票\u3002",
    }
    for assistant, user in pairs.items():
        scores = role_model().score([assistant, user], ["", ""])
        assert scores[0] > 0 > scores[1]


def test_training_finds_what_tells_the_sides_apart_and_is_deterministic(tmp_path: Path) -> None:
    line = (
        '{"messages": [{"role": "user", "content": "zig %d"}, '
        '{"role": "assistant", "content": "zag %d"}]}\n'
    )
    corpus = "".join(line % (i, i) for i in range(20))
    (tmp_path / "xx.made.jsonl").write_text(corpus)
    script = run_path(str(Path(__file__).parents[2] / "scripts" / "train_role_model.py"))
    models = [script["train"](script["sample"](script["corpora"](tmp_path, []))) for _ in range(2)]
    scores = models[0].score(["zig 7", "zag 7"], ["", ""])
    assert scores[0] < -1
    assert scores[1] > 1
    np.testing.assert_array_equal(models[0].ngrams, models[1].ngrams)

    script["store"](models[0], tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as stored:
        assert stored["ngrams"].dtype == np.int8
