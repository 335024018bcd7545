/** What the cases name. */
export const preamble = `
from __future__ import annotations

import dataclasses
import datetime
import enum
import sys
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Dict, List, Literal, NamedTuple, NewType, Optional, TypedDict, Union

import pandas
import polars as pl
import pyarrow
from pydantic import BaseModel, DirectoryPath, Field, validate_call

import shapes
from pipewright_worker import Model as FileModel
from package import inner
from package.deep.models import Deep as Renamed
from package.inner import Point as P

try:
    from typing import NotRequired, Required
except ImportError:
    from typing_extensions import NotRequired, Required

if sys.version_info >= (3, 11):
    from typing import Never
else:
    from typing_extensions import Never

if TYPE_CHECKING:
    import pandas as pd

RATE = 0.5
UserId = NewType("UserId", int)
Scores = Dict[str, float]
Either = Union["Scores", None]
Loose: Any


class Colour(str, Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = enum.auto()
    HIGH = enum.auto()


class Way(Enum):
    UP = "up"
    DOWN = 2


class Row(TypedDict):
    """One measurement."""

    x: float
    at: datetime.datetime


class Base(TypedDict, total=False):
    a: int
    b: Required[str]


class Whole(Base):
    c: "NotRequired[list[int]]"
    d: bool


Keys = TypedDict("Keys", {"a-b": int, "__proto__": NotRequired[str]})


@dataclass
class Options:
    """How it is done.

    Attributes:
        rate: How fast.
    """

    kind: ClassVar[str] = "x"
    rate: float = RATE
    names: list[str] = field(default_factory=list)
    depth: int = field(default=3)
    made: float = field(default_factory=lambda: sys.maxsize / 7)


@dataclass(frozen=True)
class More(Options):
    colour: Colour = Colour.RED


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Model(BaseModel):
    model_config = {"extra": "forbid"}
    size: int = Field(3, description="In rows.")
    inner: Optional[More] = None
    label: str
    "What it is called."


class Aliased(BaseModel):
    size: int = Field(alias="Size")


class Tree(TypedDict):
    value: int
    children: list["Tree"]


class Opaque:
    pass


class Files(TypedDict):
    model: Path
    plots_dir: Path
    weights: bytes
    pages: list[Path]
    rows: Annotated[pd.DataFrame, Row]
    more: NotRequired[Path]


class Holding(TypedDict):
    options: Options
    pair: Pair
    way: Way
`

/** Other modules of the project. */
export const modules: Readonly<Record<string, string>> = {
  'shapes.py': 'from typing import TypedDict\n\nclass Shape(TypedDict):\n    sides: int\n',
  'package/__init__.py': 'from .inner import Point\n',
  'package/inner.py':
    'from typing import NamedTuple, Literal\nfrom . import units\n\nclass Point(NamedTuple):\n    x: float\n    unit: "units.Unit"\n',
  'package/units.py': 'from typing import Literal\nUnit = Literal["m", "km"]\n',
  'package/deep/models.py':
    'from dataclasses import dataclass\nfrom shapes import Shape\n\n@dataclass\nclass Deep:\n    shape: Shape\n',
}

/** A parameter, as it stands in Python; its input; and what is said of it. */
export const parameters: readonly (readonly [string, string | undefined, ...string[]])[] = [
  ['a: int', 'z.int()'],
  ['a: float = 1', 'z.number().default(1)'],
  ['a: float = -0.5', 'z.number().default(-0.5)'],
  ['a: float = RATE', 'z.number().default(0.5)'],
  ['a: str = "it\'s"', `z.string().default("it's")`],
  ['a: bool = True', 'z.boolean().default(true)'],
  ['a: "int | None"', 'z.int().nullable()'],
  ['a: Optional[int] = None', 'z.int().nullable().default(null)'],
  ['a: int = None', 'z.int().nullable().default(null)'],
  ['a: int = "x"', 'z.int().optional()', 'its default "x" is no int'],
  ['a: float = float("nan")', 'z.number().optional()', `its default is left to Python: float('nan')`],
  ['a: None', 'z.null()'],
  ['a: Union[int, str]', 'z.union([z.int(), z.string()])'],
  ['a: int | float', 'z.number()'],
  ['a: list[int] = [1, 2]', 'z.array(z.int()).default([1, 2])'],
  ['a: List[Optional[str]]', 'z.array(z.string().nullable())'],
  ['a: Sequence[float] = ()', 'z.array(z.number()).default([])'],
  ['a: dict[str, list[int]]', 'z.record(z.string(), z.array(z.int()))'],
  ['a: Scores', 'z.record(z.string(), z.number())'],
  ['a: Either', 'z.record(z.string(), z.number()).nullable()'],
  ['a: dict[int, str]', 'z.json()', 'JSON has texts as keys, not int'],
  ['a: tuple[int, str] = (1, "x")', `z.tuple([z.int(), z.string()]).default([1, 'x'])`],
  ['a: tuple[int, ...]', 'z.array(z.int())'],
  ['a: Literal["x", "y"] = "y"', `z.enum(['x', 'y']).default('y')`],
  ['a: Literal[1, "x", None, True]', `z.literal([1, 'x', null, true])`],
  ['a: Literal["x"] | Literal["y"] | None', `z.enum(['x', 'y']).nullable()`],
  ['a: Literal["x"]', `z.literal('x')`],
  ['a: UserId', 'z.int()'],
  ['a: Annotated[int, "of what"]', 'z.int()'],
  ['a: Annotated[int, Field(description="How many.")]', `z.int().describe('How many.')`],
  ['a: Colour = Colour.BLUE', `Colour.default('blue')`],
  ['a: str = Way.UP.value', `z.string().default('up')`],
  ['a: Level', 'Level'],
  ['a: Way', 'Way', 'plain data arrives, not the enumeration Way: Way(a) makes it'],
  ['a: Row', 'Row'],
  ['a: Whole', 'Whole'],
  ['a: Keys', 'Keys'],
  ['a: shapes.Shape', 'Shape'],
  ['a: Options', 'Options', 'plain data arrives, not the dataclass Options: Options(**a) makes it'],
  [
    'a: P',
    `z.tuple([z.number(), z.enum(['m', 'km'])])`,
    'plain data arrives, not the NamedTuple Point: Point(**a) makes it',
  ],
  [
    'a: inner.Point',
    `z.tuple([z.number(), z.enum(['m', 'km'])])`,
    'plain data arrives, not the NamedTuple Point: Point(**a) makes it',
  ],
  ['a: Renamed', 'Deep', 'plain data arrives, not the dataclass Deep: Deep(**a) makes it'],
  ['a: list[Model]', 'z.array(Model)', 'plain data arrives, not the model Model: Model(**a) makes it'],
  ['a: Whole = {"b": "x", "d": True}', `Whole.prefault({ b: 'x', d: true })`],
  ['a: Aliased', 'z.json()', 'Aliased.size has an alias: what it is called in JSON is not told'],
  ['a: Tree', 'Tree'],
  ['a', 'z.json()', 'nothing annotates it'],
  ['a: Any = 3', 'z.json().default(3)', 'the annotation says Any'],
  [
    'a: Opaque',
    'z.json()',
    'Opaque is no class of plain data: a TypedDict, a dataclass, a NamedTuple, a pydantic model',
  ],
  ['a: set[int]', 'z.json()', 'JSON has no sets: lists do'],
  ['a: datetime.datetime', 'z.json()', 'JSON has no dates and times: texts (isoformat) do'],
  ['a: dict', 'z.record(z.string(), z.json())', 'dict does not say of what'],
  ['a: list[Unknown]', 'z.array(z.json())', 'Unknown is no type of plain data that is known here'],
  ['a: lambda x: 1', 'z.json()', 'lambda x: 1 is not understood'],
  ['a: Path', 'file()'],
  [
    'a: FileModel',
    "model({ format: 'unknown' })",
    `its format is in no annotation: Annotated[Model, "onnx"] tells it`,
  ],
  ['a: Annotated[FileModel, "onnx"]', "model({ format: 'onnx' })"],
  ['a: Path | None', 'file()'],
  ['a: list[Path]', 'list(file())'],
  ['out_dir: Path', 'directory()'],
  ['a: DirectoryPath', 'directory()'],
  [
    'a: Path = Path("x")',
    undefined,
    `'a' keeps its default, Path('x'): an input that is a file must be given`,
  ],
  ['a: dict[str, Path]', 'z.record(z.string(), z.string())', 'a path inside of another value: a text'],
  [
    'a: pandas.DataFrame',
    'table(z.looseObject({}))',
    'its columns are in no annotation: Annotated[…, Row], with a TypedDict Row, tells them',
  ],
  [
    'a: pl.DataFrame | pyarrow.Table',
    'table(z.looseObject({}))',
    'its columns are in no annotation: Annotated[…, Row], with a TypedDict Row, tells them',
  ],
  ['a: Annotated[pd.DataFrame, Row]', 'table(RowRow)'],
  ['a: Annotated[pd.DataFrame, shapes.Shape]', 'table(Shape)'],
  ['a: list[Annotated[pl.DataFrame, Pair]]', 'list(table(Pair))'],
]

/** What a function has below its name: its end of the line and its body; its outputs; and what is said of them. */
export const results: readonly (readonly [string, string | undefined, ...string[]])[] = [
  [' -> None: ...', undefined],
  [':\n    print("x")', undefined],
  [
    ' -> Whole: ...',
    '{ a: z.int().optional(), b: z.string(), c: z.array(z.int()).optional(), d: z.boolean() }',
  ],
  [
    ' -> "Whole | None": ...',
    '{ a: z.int().optional(), b: z.string(), c: z.array(z.int()).optional(), d: z.boolean() }',
  ],
  [' -> Annotated[shapes.Shape, "x"]: ...', '{ sides: z.int() }'],
  [' -> Awaitable[shapes.Shape]: ...', '{ sides: z.int() }'],
  [
    ' -> Options: ...',
    "{ rate: z.number().describe('How fast.'), names: z.array(z.string()), depth: z.int(), made: z.number() }",
    "a step's function returns a dict, not the dataclass Options: return dataclasses.asdict(result)",
  ],
  [
    ' -> Pair: ...',
    '{ left: z.int(), right: z.string() }',
    "a step's function returns a dict, not the NamedTuple Pair: return result._asdict()",
  ],
  [
    ' -> Files: ...',
    '{ model: file(), plots_dir: directory(), weights: file(), pages: list(file()), rows: table(RowRow), more: file() }',
    "output 'more': it may not be there, and an output that is a file must be",
  ],
  [
    ' -> Holding: ...',
    '{ options: Options, pair: z.tuple([z.int(), z.string()]), way: Way }',
    "output 'options': JSON holds no instance of the dataclass Options: dataclasses.asdict(value) is plain data",
    "output 'way': JSON holds no instance of the enumeration Way: value.value is plain data",
  ],
  [':\n    return {"a": 1, "b": 2}', '{ a: z.json(), b: z.json() }', ...said('a'), ...said('b')],
  [
    ' -> dict[str, float]:\n    if RATE:\n        return {"b": 1}\n    return {"b": 2, "a": 1}',
    '{ b: z.number(), a: z.number().optional() }',
  ],
  [' -> float: ...', '{}', "it returns float, and a step's function returns a dict of its outputs"],
  [':\n    return RATE', '{}', 'nothing tells what it returns: annotate it with a TypedDict of its outputs'],
  [
    ':\n    yield {"a": 1}\n    return {"a": 1}',
    '{}',
    'nothing tells what it returns: annotate it with a TypedDict of its outputs',
  ],
]

function said(name: string): readonly string[] {
  return [`output '${name}': no annotation says what the dict holds`]
}
