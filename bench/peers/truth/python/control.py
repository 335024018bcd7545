from body import ran


def control(value: int) -> int:
    ran('control')
    return value + 1
