"""flytekit (Flyte 1), run locally. Cache: `cache=True` and a `cache_version` written by hand; off by default."""

import sys

from body import body, cached, join
from flytekit import map_task, task, workflow

caching = {'cache': True, 'cache_version': '1'} if cached() else {}
size = int(sys.argv[2])


@task(**caching)
def step(state: dict[str, int]) -> dict[str, int]:
    return body(state)


@task(**caching)
def gather(states: list[dict[str, int]]) -> dict[str, int]:
    return join(states)


@workflow
def chain(state: dict[str, int]) -> dict[str, int]:
    for _ in range(size):
        state = step(state=state)
    return state


@workflow
def fan_out(states: list[dict[str, int]]) -> dict[str, int]:
    return gather(states=map_task(step)(state=states))


if __name__ == '__main__':
    if sys.argv[1] == 'chain':
        chain(state={'value': 0})
    else:
        fan_out(states=[{'value': i} for i in range(size)])
