from commented import commented
from control import control
from downstream import downstream
from helped import helped
from inputs import inputs
from moved import moved
from packaged import packaged
from rewritten import rewritten
from split import split
from typed import typed
from upstream import upstream
from zenml import pipeline, step

control, helped, commented, moved, rewritten, upstream, downstream, typed, split, packaged = (
    step(work)
    for work in (
        control, helped, commented, moved, rewritten, upstream, downstream, typed, split, packaged
    )
)


@pipeline
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
