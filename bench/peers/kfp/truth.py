from commented_component import commented
from inputs import inputs
from kfp import dsl, local
from upstream_component import upstream

local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root='state/outputs', enable_caching=True)
given = inputs()


@dsl.component(install_kfp_package=False)
def control(value: int) -> int:
    from control import control

    return control(value)


@dsl.component(install_kfp_package=False)
def helped(value: int) -> int:
    from body import ran
    from helper import scale

    ran('helped')
    return scale(value)


@dsl.component(install_kfp_package=False)
def moved(file: dsl.Input[dsl.Dataset]) -> str:
    from moved import moved

    return moved(file.path)


@dsl.component(install_kfp_package=False)
def rewritten(file: dsl.Input[dsl.Dataset]) -> str:
    from rewritten import rewritten

    return rewritten(file.path)


@dsl.component(install_kfp_package=False)
def downstream(value: int) -> int:
    from downstream import downstream

    return downstream(value)


@dsl.component(install_kfp_package=False)
def typed(value: dict) -> str:
    from typed import typed

    return typed(value['one'])


@dsl.component(install_kfp_package=False)
def split(x: str, y: str) -> str:
    from split import split

    return split(x, y)


@dsl.component(install_kfp_package=False)
def packaged(value: int) -> str:
    from packaged import packaged

    return packaged(value)


@dsl.pipeline
def truth():
    control(value=1)
    helped(value=1)
    commented(value=1)
    moved(file=dsl.importer(artifact_uri=given['path'], artifact_class=dsl.Dataset).output)
    rewritten(file=dsl.importer(artifact_uri=given['file'], artifact_class=dsl.Dataset).output)
    downstream(value=upstream(value=1).output)
    typed(value={'one': given['one']})
    split(x=given['x'], y=given['y'])
    packaged(value=1)


if __name__ == '__main__':
    truth()
