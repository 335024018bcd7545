import peersdep

from body import ran


def packaged(value: int) -> str:
    ran('packaged')
    return f'{peersdep.version} {value}'
