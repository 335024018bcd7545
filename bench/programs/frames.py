"""What the case of tables measures in Python: the same work as a step, and by itself."""

import os
import sys
import time

import pandas
import pyarrow as pa


def double(rows: pandas.DataFrame):
    return {"rows": rows * 2}


def bare(source: str, target: str) -> float:
    """Milliseconds to read an Arrow file, double it and write it again."""
    begun = time.perf_counter()
    with pa.memory_map(source) as file:
        frame = pa.ipc.open_file(file).read_all().to_pandas()
    table = pa.Table.from_pandas(double(frame)["rows"], preserve_index=False)
    with open(target, "wb") as sink:
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        sink.flush()
        os.fsync(sink.fileno())
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    print(min(bare(*sys.argv[1:]) for _ in range(3)))
