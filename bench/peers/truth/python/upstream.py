from body import ran


def upstream(value: int) -> int:
    ran('upstream')
    return value + (1 + 1)
