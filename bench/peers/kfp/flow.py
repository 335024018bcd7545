"""Kubeflow Pipelines, run locally in processes. Cache: `enable_caching=True`; off by default."""

import sys

from body import cached
from kfp import dsl, local

local.init(
    runner=local.SubprocessRunner(use_venv=False), pipeline_root='state/outputs', enable_caching=cached()
)


@dsl.component(install_kfp_package=False)
def step(state: dict) -> dict:
    from body import body

    return body(state)


@dsl.component(install_kfp_package=False)
def gather(states: list) -> dict:
    from body import join

    return join(states)


def chain_of(size):
    @dsl.pipeline
    def chain():
        state = {'value': 0}
        for _ in range(size):
            state = step(state=state).output

    return chain


def map_of(size):
    @dsl.pipeline
    def fan_out():
        with dsl.ParallelFor([{'value': i} for i in range(size)]) as item:
            each = step(state=item)
        gather(states=dsl.Collected(each.output))

    return fan_out


if __name__ == '__main__':
    {'chain': chain_of, 'map': map_of}[sys.argv[1]](int(sys.argv[2]))()
