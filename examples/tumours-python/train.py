"""Gradient boosting by scikit-learn. Nothing of Pipewright is needed here: it runs in a notebook or in pytest as it is."""

from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingClassifier

TARGET = "diagnosis"


def features(rows: list[dict]) -> np.ndarray:
    names = [name for name in rows[0] if name != TARGET]
    return np.array([[row[name] for name in names] for row in rows], dtype=np.float32)


def train(rows: list[dict], trees: int, depth: int, seed: int):
    x = features(rows)
    y = np.array([row[TARGET] == "malignant" for row in rows], dtype=np.int64)
    model = GradientBoostingClassifier(n_estimators=trees, max_depth=depth, random_state=seed).fit(x, y)
    print("trained", trees, "trees on", len(rows), "rows")
    # Without zipmap the probabilities are one matrix, which every runtime reads.
    onnx = to_onnx(model, x[:1], options={"zipmap": False})
    path = Path("model.onnx")
    path.write_bytes(onnx.SerializeToString())
    return {"model": path, "metrics": {"loss": model.train_score_[-1]}}
