"""Makes the blocks of a report of what a function has: figures, frames, Markdown, bytes of pictures."""

import io
import os
from pathlib import Path

import pipewright_worker as worker

# A table in a report is something to look at.
MOST_ROWS = 100
_pictures = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
_starts = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"), (b"RIFF", "image/webp"))


def report_of(value, what="the report"):
    """A whole report: one thing to show, a list of them, a dict of them by caption, or `{'title': …, 'blocks': […]}`."""
    if isinstance(value, dict) and "blocks" in value:
        title = {} if value.get("title") is None else {"title": value["title"]}
        return {**title, "blocks": [block_of(one, what) for one in value["blocks"]]}
    if isinstance(value, dict) and not isinstance(value.get("type"), str):
        return {"blocks": [block for caption, one in value.items() for block in _captioned(str(caption), one, what)]}
    if isinstance(value, (list, tuple)):
        return {"blocks": [block_of(one, what) for one in value]}
    return {"blocks": [block_of(value, what)]}


def _captioned(caption, value, what):
    block = block_of(value, what)
    if block.get("type") in ("image", "table"):
        return [{**block, "caption": caption, **({"alt": caption} if block["type"] == "image" else {})}]
    return [{"type": "markdown", "text": f"### {caption}"}, block]


def block_of(value, what):
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        return value
    if isinstance(value, str):
        return {"type": "markdown", "text": value}
    if isinstance(value, (bytes, bytearray)):
        return _picture(bytes(value), "a picture", what)
    if isinstance(value, os.PathLike):
        return _picture_file(Path(value), what)
    package = worker._module_of(value)
    if package in ("pandas", "polars", "pyarrow"):
        table = _table_block(value)
        if table is not None:
            return table
    if package == "altair" and hasattr(value, "to_dict"):
        return {"type": "spec", "format": "vega-lite", "spec": value.to_dict()}
    figure = _figure_of(value)
    if figure is not None:
        return _figure_block(figure)
    for method, media in (("_repr_png_", "image/png"), ("_repr_svg_", "image/svg+xml"), ("_repr_markdown_", None)):
        shown = getattr(value, method, lambda: None)()
        if shown is not None:
            if media is None:
                return {"type": "markdown", "text": shown}
            return {"type": "image", "mediaType": media, "alt": type(value).__name__, "data": shown}
    raise worker._Told(
        "OUTPUT_INVALID",
        f"{what}: a {type(value).__module__}.{type(value).__qualname__} is nothing that a report shows",
        "give Markdown, a figure of matplotlib, a frame, the bytes or path of a picture, or a block: {'type': …}",
    )


def _figure_of(value):
    """The figure of matplotlib that something is, or is drawn in."""
    for one in (value, getattr(value, "figure", None)):
        if one is not None and hasattr(one, "savefig") and hasattr(one, "get_axes"):
            return one
    return None


def _figure_block(figure):
    data = io.BytesIO()
    figure.savefig(data, format="png", bbox_inches="tight")
    titles = [figure.get_suptitle() if hasattr(figure, "get_suptitle") else ""]
    titles += [axes.get_title() for axes in figure.get_axes()]
    alt = ", ".join(one for one in titles if one) or "a figure"
    return {"type": "image", "mediaType": "image/png", "alt": alt, "data": data.getvalue()}


def _picture(data, alt, what):
    media = next((media for start, media in _starts if data.startswith(start)), None)
    if media is None:
        raise worker._Told(
            "OUTPUT_INVALID",
            f"{what}: the bytes are no PNG, JPEG, GIF or WebP",
            "name what they are: {'type': 'image', 'mediaType': …, 'alt': …, 'data': …}",
        )
    return {"type": "image", "mediaType": media, "alt": alt, "data": data}


def _picture_file(path, what):
    alt = path.name
    if path.suffix == ".svg":
        return {"type": "image", "mediaType": "image/svg+xml", "alt": alt, "data": path.read_text(encoding="utf-8")}
    media = _pictures.get(path.suffix.lower())
    if media is None:
        return _picture(path.read_bytes(), alt, f"{what}, {path.name}")
    return {"type": "image", "mediaType": media, "alt": alt, "data": path.read_bytes()}


def _table_block(value):
    """The first rows of a frame; a named index of pandas is a column."""
    package = worker._module_of(value)
    if package == "pandas":
        if type(value).__name__ == "Series":
            value = value.to_frame()
        if type(value).__name__ != "DataFrame":
            return None
        total = len(value)
        value = value.head(MOST_ROWS)
        if any(name is not None for name in value.index.names) or value.index.dtype == object:
            value = value.reset_index()
        columns, rows = list(value.columns), value.itertuples(index=False, name=None)
    elif package == "polars" and type(value).__name__ in ("DataFrame", "Series"):
        frame = value.to_frame() if type(value).__name__ == "Series" else value
        total, columns, rows = len(frame), frame.columns, frame.head(MOST_ROWS).rows()
    elif package == "pyarrow" and type(value).__name__ == "Table":
        total, columns = value.num_rows, value.column_names
        rows = [tuple(row.values()) for row in value.slice(0, MOST_ROWS).to_pylist()]
    else:
        return None
    more = {"caption": f"The first {MOST_ROWS} of {total} rows"} if total > MOST_ROWS else {}
    names = [" ".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in columns]
    return {"type": "table", "columns": names, "rows": [[_cell(cell) for cell in row] for row in rows], **more}


def _cell(cell):
    """What is no JSON is shown as its text."""
    if worker._is_missing(cell):
        return None
    try:
        return worker._plain(cell, "", "")
    except worker._Told:
        return str(cell)


def travelling(report):
    """The report as a message carries it, or a file: pictures travel in files."""
    blocks = [_travelling_block(block, index) for index, block in enumerate(report["blocks"])]
    carried = worker._run.json({**report, "blocks": blocks})
    return {"report": carried["value"]} if "value" in carried else carried


def _travelling_block(block, index):
    if block.get("type") == "image" and isinstance(block.get("data"), (bytes, bytearray)):
        path = worker._run.file("picture")
        path.write_bytes(block["data"])
        return {**{name: value for name, value in block.items() if name != "data"}, "file": str(path)}
    return worker._plain(block, "", f"block {index} of the report")
