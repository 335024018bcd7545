from kfp import dsl


@dsl.component(install_kfp_package=False)
def commented(value: int) -> int:
    # the first comment
    from body import ran

    ran('commented')
    return value + 1
