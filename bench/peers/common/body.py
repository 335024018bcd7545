"""The work of each step: a line in the log of bodies that ran, and a small JSON value."""

import os


def ran(name):
    with open(os.environ['PEERS_LOG'], 'a') as log:
        log.write(name + '\n')


def body(state):
    # A float where the framework carries numbers as such.
    name = f"s{int(state['value']) + 1}"
    ran(name)
    if os.environ.get('PEERS_FAIL') == name:
        raise RuntimeError(f'{name} was told to fail')
    return {'value': state['value'] + 1}


def join(states):
    total = sum(int(state['value']) for state in states)
    ran(f'join {total}')
    return {'value': total}


def cached():
    return os.environ.get('PEERS_CACHE') == 'on'
