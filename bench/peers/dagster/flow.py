"""Dagster jobs of ops. It has no cache. Executor: in one process, or a process for each step (its default)."""

import os
import sys

from body import body, join
from dagster import (
    DagsterInstance,
    DynamicOut,
    DynamicOutput,
    ReexecutionOptions,
    execute_job,
    in_process_executor,
    job,
    multiprocess_executor,
    op,
    reconstructable,
)

size = int(os.environ['PEERS_SIZE'])
executor = {'in-process': in_process_executor, 'multiprocess': multiprocess_executor}[
    os.environ['PEERS_EXECUTOR']
]


@op
def first():
    return body({'value': 0})


@op
def step(state):
    return body(state)


@op(out=DynamicOut())
def items():
    for i in range(size):
        yield DynamicOutput({'value': i}, mapping_key=str(i))


@op
def gather(states):
    return join(states)


@job(executor_def=executor)
def chain():
    state = first()
    for _ in range(size - 1):
        state = step(state)


@job(executor_def=executor)
def fan_out():
    gather(items().map(step).collect())


if __name__ == '__main__':
    with DagsterInstance.get() as instance:
        again = None
        if sys.argv[2:] == ['resume']:
            failed = instance.get_runs(limit=1)[0].run_id
            again = ReexecutionOptions.from_failure(failed, instance)
        flow = {'chain': chain, 'map': fan_out}[sys.argv[1]]
        with execute_job(reconstructable(flow), instance, reexecution_options=again) as result:
            sys.exit(0 if result.success else 1)
