"""Prefect with its temporary API server. Cache: results kept and a policy without the run's id, for each task."""

import sys

from body import body, cached, join
from prefect import flow, task
from prefect.cache_policies import DEFAULT, INPUTS, TASK_SOURCE

# The default policy holds the id of the run: nothing is reused from another one.
keeping = {'persist_result': True, 'cache_policy': INPUTS + TASK_SOURCE if cached() else DEFAULT}


@task(**keeping)
def step(state):
    return body(state)


@task(**keeping)
def gather(states):
    return join(states)


@flow
def chain(size: int):
    state = {'value': 0}
    for _ in range(size):
        state = step(state)
    return state


@flow
def fan_out(size: int):
    return gather(step.map([{'value': i} for i in range(size)]).result())


if __name__ == '__main__':
    {'chain': chain, 'map': fan_out}[sys.argv[1]](int(sys.argv[2]))
