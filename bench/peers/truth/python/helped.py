from body import ran
from helper import scale


def helped(value: int) -> int:
    ran('helped')
    return scale(value)
