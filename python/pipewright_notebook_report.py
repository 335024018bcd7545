"""Makes a report of an executed notebook: its text, code, and what the cells have shown. Nothing in it is run or loaded."""

import base64
import binascii
import html.parser
import re

from pipewright_cells import text_of

# Of one output, in characters.
_longest_text = 20_000
_most_rows = 500
_most_columns = 1_000
_colours = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_attachment = re.compile(r"!\[([^\]]*)\]\(attachment:([^)\s]+)[^)]*\)")
_pictures = ("image/png", "image/jpeg", "image/gif", "image/webp")


def notebook_report(notebook, title, labels):
    """The blocks of a notebook; labels are what its code cells are called, by their index."""
    blocks = []
    for index, cell in enumerate(notebook["cells"]):
        source = text_of(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            blocks += _markdown_blocks(source, cell.get("attachments") or {})
        elif index in labels:
            blocks.append({"type": "markdown", "text": f"*{labels[index].capitalize()}*\n\n{_fenced(source.rstrip(), 'python')}"})
            for output in _joined(cell.get("outputs") or []):
                blocks += _output_blocks(output, labels[index])
    return {"title": title, "blocks": [block for block in blocks if block.get("text") != ""]}


def _markdown_blocks(source, attachments):
    pictures = []
    for alt, name in _attachment.findall(source):
        for media, data in (attachments.get(name) or {}).items():
            pictures += _picture(media, data, alt or name)
    return [{"type": "markdown", "text": _attachment.sub(r"\1", source)}, *pictures]


def _joined(outputs):
    """Pieces of one stream that follow one another are one output."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output["output_type"] == "stream" and last.get("name") == output["name"]:
            last["text"] += text_of(output["text"])
        elif output["output_type"] == "stream":
            joined.append({**output, "text": text_of(output["text"])})
        else:
            joined.append(output)
    return joined


def _output_blocks(output, label):
    kind = output["output_type"]
    if kind == "stream":
        return _text_blocks(output["text"])
    if kind == "error":
        return _text_blocks("\n".join(output.get("traceback") or [f"{output['ename']}: {output['evalue']}"]))
    return _shown(output.get("data") or {}, f"an output of {label}")


def _shown(data, alt):
    """What of a bundle says the most without running anything."""
    for media in _pictures:
        if media in data:
            return _picture(media, data[media], alt)
    if "image/svg+xml" in data:
        return [{"type": "image", "mediaType": "image/svg+xml", "alt": alt, "data": text_of(data["image/svg+xml"])}]
    for media, value in data.items():
        if re.match(r"application/vnd\.vegalite\.v\d+\+json$", media):
            return [{"type": "spec", "format": "vega-lite", "spec": value}]
    if "text/html" in data:
        table = _table(text_of(data["text/html"]))
        if table is not None:
            return [table]
    for media in ("text/markdown", "text/latex"):
        if media in data:
            text = text_of(data[media])
            return [{"type": "markdown", "text": text}] if media == "text/markdown" else _text_blocks(text)
    text = text_of(data.get("text/plain"))
    if text.startswith("<IPython.core.display."):
        kind = "HTML" if "text/html" in data else "of a kind"
        return [{"type": "markdown", "text": f"*This output is {kind}, which a report does not show.*"}]
    return _text_blocks(text)


def _picture(media, data, alt):
    if media not in _pictures:
        return []
    try:
        return [{"type": "image", "mediaType": media, "alt": alt, "data": base64.b64decode(text_of(data))}]
    except (binascii.Error, ValueError):
        return []


def _text_blocks(text):
    shown = _colours.sub("", text).rstrip()
    if len(shown) > _longest_text:
        half = _longest_text // 2
        shown = f"{shown[:half]}\n… {len(shown) - _longest_text} characters are left out …\n{shown[-half:]}"
    # Set off from code as what somebody has said.
    quoted = "\n".join(f"> {line}" for line in _fenced(shown, "").split("\n"))
    return [{"type": "markdown", "text": quoted}] if shown.strip() else []


def _fenced(text, language):
    ticks = max([2, *(len(one) for one in re.findall(r"`+", text))]) + 1
    return f"{'`' * ticks}{language}\n{text}\n{'`' * ticks}"


class _TableReader(html.parser.HTMLParser):
    """Reads a table of texts; a cell that spans others is repeated in them."""

    def __init__(self):
        super().__init__()
        self.head = []
        self.rows = []
        self.tables = 0
        self.is_plain = True
        self.row = None
        self.cell = None
        self.spans = (1, 1)
        # By column: what goes on from the rows above, and for how many rows.
        self.above = {}
        self.in_head = False

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables += 1
        elif tag == "thead":
            self.in_head = True
        elif tag == "tr":
            self.row = []
            self.go_on()
        elif tag in ("td", "th"):
            self.cell = ""
            given = dict(attrs)
            self.spans = tuple(int(given.get(name) or 1) for name in ("colspan", "rowspan"))
        elif tag in ("img", "svg", "canvas", "script", "iframe"):
            self.is_plain = False

    def handle_endtag(self, tag):
        if tag == "thead":
            self.in_head = False
        elif tag == "tr" and self.row is not None:
            (self.head if self.in_head else self.rows).append(self.row)
            self.row = None
        elif tag in ("td", "th") and self.cell is not None:
            self.add_cell(self.cell.strip())
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data

    def add_cell(self, text):
        if self.row is None:
            return
        columns, rows = self.spans
        for _ in range(min(columns, _most_columns)):
            self.above[len(self.row)] = (text, rows - 1)
            self.row.append(text)
        self.go_on()

    def go_on(self):
        while self.above.get(len(self.row), ("", 0))[1] > 0:
            text, left = self.above[len(self.row)]
            self.above[len(self.row)] = (text, left - 1)
            self.row.append(text)


def _table(text):
    """A table of HTML, as frames show themselves; None for what is more than that."""
    reader = _TableReader()
    try:
        reader.feed(text)
    except ValueError:
        return None
    lines = [*reader.head, *reader.rows]
    if reader.tables != 1 or not reader.is_plain or not reader.head or not reader.rows:
        return None
    if any(len(line) != len(lines[0]) for line in lines):
        return None
    # The lines of a head are the levels of its names, and the names of an index.
    columns = [" ".join(dict.fromkeys(name for name in names if name)) for names in zip(*reader.head)]
    return {"type": "table", "columns": columns, "rows": reader.rows[:_most_rows]}
