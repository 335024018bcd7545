from commented import commented
from control import control
from downstream import downstream
from helped import helped
from inputs import inputs
from moved import moved
from packaged import packaged
from prefect import flow, task
from prefect.cache_policies import INPUTS, TASK_SOURCE
from rewritten import rewritten
from split import split
from typed import typed
from upstream import upstream

keeping = {'persist_result': True, 'cache_policy': INPUTS + TASK_SOURCE}
control, helped, commented, moved, rewritten, upstream, downstream, typed, split, packaged = (
    task(step, **keeping)
    for step in (
        control, helped, commented, moved, rewritten, upstream, downstream, typed, split, packaged
    )
)


@flow
def truth():
    given = inputs()
    control(1)
    helped(1)
    commented(1)
    moved(given['path'])
    rewritten(given['file'])
    downstream(upstream(1))
    typed(given['one'])
    split(given['x'], given['y'])
    packaged(1)


if __name__ == '__main__':
    truth()
