"""Flyte 2, run locally. Cache: `cache='auto'`; run store: `local_persistence=True`. Both are off by default."""

import sys

import flyte
from body import body, cached, join

steps = flyte.TaskEnvironment(name='steps', cache='auto' if cached() else 'disable')
flows = flyte.TaskEnvironment(name='flows', cache='disable', depends_on=[steps])


@steps.task
def step(state: dict[str, int]) -> dict[str, int]:
    return body(state)


@steps.task
def gather(states: list[dict[str, int]]) -> dict[str, int]:
    return join(states)


@flows.task
def chain(size: int) -> dict[str, int]:
    state = {'value': 0}
    for _ in range(size):
        state = step(state)
    return state


@flows.task
def fan_out(size: int) -> dict[str, int]:
    return gather(list(flyte.map(step, [{'value': i} for i in range(size)])))


if __name__ == '__main__':
    flyte.init(local_persistence=True)
    flow = {'chain': chain, 'map': fan_out}[sys.argv[1]]
    flyte.with_runcontext(mode='local').run(flow, size=int(sys.argv[2])).wait()
