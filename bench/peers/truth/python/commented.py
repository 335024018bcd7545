from body import ran


def commented(value: int) -> int:
    # the first comment
    ran('commented')
    return value + 1
