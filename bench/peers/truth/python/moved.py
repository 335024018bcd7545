from body import ran


def moved(path: str) -> str:
    ran('moved')
    with open(path) as file:
        return file.read()
