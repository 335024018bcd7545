from kfp import dsl


@dsl.component(install_kfp_package=False)
def upstream(value: int) -> int:
    from body import ran

    ran('upstream')
    return value + (1 + 1)
