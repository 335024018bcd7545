from body import ran
from commented import commented
from control import control
from downstream import downstream
from flytekit import task, workflow
from flytekit.types.file import FlyteFile
from helped import helped
from inputs import inputs
from packaged import packaged
from split import split
from typed import typed
from upstream import upstream

caching = {'cache': True, 'cache_version': '1'}
control, helped, commented, upstream, downstream, typed, split, packaged = (
    task(step, **caching)
    for step in (control, helped, commented, upstream, downstream, typed, split, packaged)
)
given = inputs()


@task(**caching)
def moved(file: FlyteFile) -> str:
    ran('moved')
    with open(file) as content:
        return content.read()


@task(**caching)
def rewritten(file: FlyteFile) -> str:
    ran('rewritten')
    with open(file) as content:
        return content.read()


@workflow
def truth() -> None:
    control(value=1)
    helped(value=1)
    commented(value=1)
    moved(file=FlyteFile(given['path']))
    rewritten(file=FlyteFile(given['file']))
    downstream(value=upstream(value=1))
    typed(value=given['one'])
    split(x=given['x'], y=given['y'])
    packaged(value=1)


if __name__ == '__main__':
    truth()
