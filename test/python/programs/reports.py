"""Reports of what functions have."""

import base64
from pathlib import Path

from pipewright_worker import report

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SVG = "<svg xmlns='http://www.w3.org/2000/svg'/>"


def markdown():
    report("**Held-out** rows")


def blocks():
    table = {"type": "table", "columns": ["a"], "rows": [[1]]}
    report({"title": "Data", "blocks": ["A text", table, PNG]})


def captions():
    report({"Loss": PNG, "Told": "*text*"})


def files():
    Path("a.png").write_bytes(PNG)
    Path("b.svg").write_text(SVG)
    report([Path("a.png"), Path("b.svg")])


def long():
    report(["x" * 100_000])


def output():
    return {"shown": {"title": "Evaluation", "blocks": ["text", PNG]}}


class Drawn:
    def _repr_svg_(self):
        return SVG


def drawn():
    report(Drawn())


def nothing():
    report(object())


def no_picture():
    report(b"abc")


def no_block():
    report({"type": "table", "columns": ["a"], "rows": [[1, 2]]})


def figures():
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    axes.plot([1, 2, 3])
    axes.set_title("A line")
    report(figure)
    report({"Loss": axes})


def frames():
    import pandas
    import polars
    import pyarrow

    rows = pandas.DataFrame({"n": range(150), "x": [0.5] * 150, "at": pandas.Timestamp("2026-01-02")})
    rows.loc[0, "x"] = None
    report({"Rows": rows.head(2)})
    report(rows)
    report(rows.groupby("x")["n"].max())
    report(polars.DataFrame({"a": [1], "b": [[1, 2]]}))
    report(pyarrow.table({"a": [None, "text"]}))
