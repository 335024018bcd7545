"""Writes flow.py: a Metaflow chain is a class with a method for each step, of which start and end are two."""

import sys

HEAD = '''from body import body, join
from metaflow import FlowSpec, step


class Peers(FlowSpec):
'''

CHAIN_STEP = '''    @step
    def {name}(self):
        self.state = body({state})
        {after}

'''

MAP = '''    @step
    def start(self):
        self.items = [{{'value': i}} for i in range({size})]
        self.next(self.each, foreach='items')

    @step
    def each(self):
        self.state = body(self.input)
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.total = join([each.state for each in inputs])
        self.next(self.end)

    @step
    def end(self):
        pass

'''

TAIL = '''
if __name__ == '__main__':
    Peers()
'''


def chain(size):
    names = ['start', *(f'step_{i}' for i in range(2, size)), 'end']
    for i, name in enumerate(names):
        after = f'self.next(self.{names[i + 1]})' if i + 1 < len(names) else 'pass'
        yield CHAIN_STEP.format(name=name, state='self.state' if i else "{'value': 0}", after=after)


if __name__ == '__main__':
    case, size = sys.argv[1], int(sys.argv[2])
    with open('flow.py', 'w') as file:
        file.write(HEAD + (MAP.format(size=size) if case == 'map' else ''.join(chain(size))) + TAIL)
