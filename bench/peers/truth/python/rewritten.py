from body import ran


def rewritten(path: str) -> str:
    ran('rewritten')
    with open(path) as file:
        return file.read()
