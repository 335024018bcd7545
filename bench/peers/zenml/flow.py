"""ZenML on its local stack. Cache: on by default."""

import sys

from body import body, cached, join
from zenml import pipeline, step


@step
def work(state: dict) -> dict:
    return body(state)


@step
def items(size: int) -> list[dict]:
    return [{'value': i} for i in range(size)]


@step
def gather(states: list[dict]) -> dict:
    return join(states)


@pipeline(enable_cache=cached())
def chain(size: int):
    state = {'value': 0}
    for _ in range(size):
        state = work(state)


@pipeline(enable_cache=cached(), dynamic=True)
def fan_out(size: int):
    gather(work.map(items(size)))


if __name__ == '__main__':
    {'chain': chain, 'map': fan_out}[sys.argv[1]](int(sys.argv[2]))
