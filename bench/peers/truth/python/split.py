from body import ran


def split(x: str, y: str) -> str:
    ran('split')
    return f'{x} {y}'
