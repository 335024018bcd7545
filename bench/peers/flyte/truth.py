import flyte
from body import ran
from commented import commented
from control import control
from downstream import downstream
from flyte.io import File
from helped import helped
from inputs import inputs
from packaged import packaged
from split import split
from typed import typed
from upstream import upstream

steps = flyte.TaskEnvironment(name='steps', cache='auto')
flows = flyte.TaskEnvironment(name='flows', cache='disable', depends_on=[steps])

control, helped, commented, upstream, downstream, typed, split, packaged = (
    steps.task(step) for step in (control, helped, commented, upstream, downstream, typed, split, packaged)
)


@steps.task
def moved(file: File) -> str:
    ran('moved')
    with file.open_sync('rb') as content:
        return content.read().decode()


@steps.task
def rewritten(file: File) -> str:
    ran('rewritten')
    with file.open_sync('rb') as content:
        return content.read().decode()


@flows.task
def truth() -> None:
    given = inputs()
    control(1)
    helped(1)
    commented(1)
    moved(File.from_local_sync(given['path']))
    rewritten(File.from_local_sync(given['file']))
    downstream(upstream(1))
    typed(given['one'])
    split(given['x'], given['y'])
    packaged(1)


if __name__ == '__main__':
    flyte.init(local_persistence=True)
    flyte.with_runcontext(mode='local').run(truth).wait()
