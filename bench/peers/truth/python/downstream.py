from body import ran


def downstream(value: int) -> int:
    ran('downstream')
    return value + 1
