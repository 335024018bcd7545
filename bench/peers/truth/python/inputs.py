import json


def inputs():
    """What the steps are given: { one, path, file, x, y }."""
    with open('inputs.json') as file:
        return json.load(file)
