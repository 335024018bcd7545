"""The truth steps; `inputs.json` is given as parameters of the run."""

from commented import commented
from control import control
from downstream import downstream
from helped import helped
from kedro.pipeline import node
from moved import moved
from packaged import packaged
from rewritten import rewritten
from split import split
from typed import typed
from upstream import upstream


def truth():
    for step in (control, helped, commented, upstream, packaged):
        yield node(step, 'params:value', f'{step.__name__}_json', name=step.__name__)
    yield node(moved, 'params:path', 'moved_json', name='moved')
    yield node(rewritten, 'params:file', 'rewritten_json', name='rewritten')
    yield node(downstream, 'upstream_json', 'downstream_json', name='downstream')
    yield node(typed, 'params:one', 'typed_json', name='typed')
    yield node(split, ['params:x', 'params:y'], 'split_json', name='split')
