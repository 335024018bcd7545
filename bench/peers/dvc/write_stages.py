"""Writes dvc.yaml: a stage for each step, with what it needs and what it makes. Cache: on by default (dvc.lock)."""

import json
import os
import sys

BODY = ['step.py', 'body.py']


def stage(command, needs, makes):
    return {'cmd': command, 'deps': needs, 'outs': [makes]}


def chain(size):
    return {
        f's{i}': stage(
            f'python step.py out/s{i - 1}.json out/s{i}.json',
            [*BODY, *([f'out/s{i - 1}.json'] if i > 1 else [])],
            f'out/s{i}.json',
        )
        for i in range(1, size + 1)
    }


def fan_out(size):
    for i in range(size):
        with open(f'out/item{i}.json', 'w') as file:
            json.dump({'value': i}, file)
    each = stage(
        'python step.py out/item${item}.json out/each${item}.json',
        [*BODY, 'out/item${item}.json'],
        'out/each${item}.json',
    )
    made = [f'out/each{i}.json' for i in range(size)]
    gather = stage('python gather.py', ['gather.py', 'body.py', *made], 'out/total.json')
    return {'each': {'foreach': list(range(size)), 'do': each}, 'gather': gather}


def truth():
    """Stages depend on their script and their data, as a user writes it, and take parameters from inputs.json."""
    with open('inputs.json') as file:
        given = json.load(file)

    def plain(name, *, data=(), params=()):
        entry = stage(f'python run.py {name}', [f'{name}.py', *data], f'out/{name}.json')
        return {**entry, 'params': [{'inputs.json': list(params)}]} if params else entry

    return {
        'control': plain('control'),
        'helped': plain('helped'),
        'commented': plain('commented'),
        'moved': plain('moved', data=[os.path.relpath(given['path'])]),
        'rewritten': plain('rewritten', data=[os.path.relpath(given['file'])]),
        'upstream': plain('upstream'),
        'downstream': plain('downstream', data=['out/upstream.json']),
        'typed': plain('typed', params=['one']),
        'split': plain('split', params=['x', 'y']),
        'packaged': plain('packaged'),
    }


if __name__ == '__main__':
    os.makedirs('out', exist_ok=True)
    case, size = sys.argv[1], int(sys.argv[2])
    stages = {'chain': lambda: chain(size), 'map': lambda: fan_out(size), 'truth': truth}[case]()
    with open('dvc.yaml', 'w') as file:
        json.dump({'stages': stages}, file, indent=2)
