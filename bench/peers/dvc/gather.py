import glob
import json

from body import join


def read(path):
    with open(path) as file:
        return json.load(file)


total = join([read(path) for path in glob.glob('out/each*.json')])
with open('out/total.json', 'w') as file:
    json.dump(total, file)
