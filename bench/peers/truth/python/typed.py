from typing import Union

from body import ran


def typed(value: Union[int, str]) -> str:
    ran('typed')
    return f'{type(value).__name__} {value}'
