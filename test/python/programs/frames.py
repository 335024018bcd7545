"""Functions of steps over tables of pandas, polars and pyarrow."""

from __future__ import annotations

import datetime
import decimal
import os
import random
from typing import Optional

import numpy as np
import pandas as pd

try:
    import polars as pl
except ImportError:
    pl = None
try:
    import pyarrow as pa
except ImportError:
    pa = None

kinds = {"n": "int64", "x": "float64", "yes": "bool"}


def by_pandas(rows: pd.DataFrame):
    assert isinstance(rows, pd.DataFrame)
    assert {name: str(rows[name].dtype) for name in kinds} == kinds, rows.dtypes
    assert str(rows["at"].dtype).startswith("datetime64"), rows.dtypes
    assert rows["tags"].tolist() == [["a", {"b": None}], []], rows["tags"]
    assert rows["big"].tolist() == [2**60, 1]
    return {"rows": rows}


def by_name(rows: "DataFrame"):
    assert isinstance(rows, pd.DataFrame)
    return {"rows": rows}


def by_option(rows: Optional[pl.DataFrame]):
    assert isinstance(rows, pl.DataFrame)
    assert rows.schema["n"] == pl.Int64 and rows.schema["x"] == pl.Float64, rows.schema
    return {"rows": rows}


def by_polars(rows: pl.DataFrame):
    assert isinstance(rows, pl.DataFrame)
    return {"rows": rows.lazy()}


def by_pyarrow(rows: pa.Table):
    assert isinstance(rows, pa.Table)
    return {"rows": rows.slice(0, 1)}


def by_dicts(rows: list[dict]):
    assert isinstance(rows, list)
    at = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    assert rows[0]["at"] == at and type(rows[0]["n"]) is int and type(rows[0]["x"]) is float, rows
    assert rows[0]["tags"] == ["a", {"b": None}] and "note" not in rows[0], rows
    return {"rows": rows}


def makes(which):
    return {"rows": made[which]()}


def _object_column():
    return pd.DataFrame({"n": [1, "two", {"three": 3}]})


made = {
    "integers": lambda: pd.DataFrame({"n": np.array([1, 2], dtype="int8"), "x": np.array([3, 4], dtype="int64")}),
    "categories": lambda: pd.DataFrame({"text": pd.Categorical(["a", "b", "a"])}),
    "nullable": lambda: pd.DataFrame({"n": pd.array([1, None], dtype="Int64")}),
    "missing": lambda: pd.DataFrame({"text": ["a", None], "x": [1.0, float("nan")]}),
    "index": lambda: pd.DataFrame({"text": ["a", "b", "a"], "x": [1.0, 2.0, 3.0]}).groupby("text").sum(),
    "filtered": lambda: pd.DataFrame({"x": [1.0, 2.0]})[lambda frame: frame.x > 1],
    "zone": lambda: pd.DataFrame({"at": pd.to_datetime(["2026-01-02T03:00:00+01:00"])}),
    "dates": lambda: pl.DataFrame({"at": [datetime.date(2026, 1, 2)]}),
    "nested": lambda: pl.DataFrame({"tags": [["a"], []], "part": [{"b": 1}, {"b": 2}]}),
    "decimals": lambda: pl.DataFrame({"x": [decimal.Decimal("1.5")]}),
    "empty": lambda: pd.DataFrame({"n": []}),
    "chunks": lambda: pa.concat_tables([pa.table({"n": [1]}), pa.table({"n": [2]})]),
    "objects": _object_column,
    "fine": lambda: pd.DataFrame({"at": [pd.Timestamp("2026-01-02T00:00:00.000001")]}),
    "duplicates": lambda: pd.DataFrame([[1, 2]], columns=["n", "n"]),
    "numbered": lambda: pd.DataFrame([[1, 2]]),
    "bytes": lambda: pd.DataFrame({"raw": [b"x"]}),
    "spans": lambda: pl.DataFrame({"span": [datetime.timedelta(seconds=1)]}),
    "large": lambda: pa.table({"n": pa.array([2**63 + 1], type=pa.uint64())}),
    "inexact": lambda: pd.DataFrame({"n": [2**60]}),
}


def scalars():
    return {
        "value": {
            "float": np.float32(0.5),
            "integer": np.int64(7),
            "yes": np.bool_(True),
            "text": np.str_("a"),
            "list": [np.float64(1.5)],
        }
    }


def array():
    return {"value": np.array([1, 2])}


def stamp():
    return {"value": {"at": pd.Timestamp("2026-01-02")}}


def draws():
    return {"value": [random.random(), float(np.random.random()), float(np.random.default_rng().random() * 0)]}


def doubles(rows: pd.DataFrame):
    return {"rows": rows.assign(x=rows.x * 2)}


def where():
    return {"prefix": os.environ.get("VIRTUAL_ENV", ""), "python": pd.__version__}
