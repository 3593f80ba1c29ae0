"""How far training on a table is, said while a pass over many rows goes on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

import schuss
from schuss.tabular import _progress


def test_a_pass_says_how_far_it_is(monkeypatch):
    monkeypatch.setattr(_progress, "_EVERY", 0.005)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 3))
    rows = {"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": x[:, 0] + x[:, 1] ** 2}
    told: list[tuple[str, float, str]] = []
    schuss.tabular.train(rows, target="y", epochs=12, verbose=0, progress=lambda *what: told.append(what))
    shares = [share for what, share, _ in told if what == "training" and not np.isnan(share)]
    assert all(after > before - 0.01 for before, after in pairwise(shares))  # two threads tell
    assert any(0 < share * 12 % 1 < 0.9999 for share in shares)
    assert shares[-1] == 1.0
    remarks = [remark for what, _, remark in told if what == "training"]
    assert any("epoch 2 of at most 12" in remark for remark in remarks)
