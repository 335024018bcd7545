import json
import os
import sys

from body import body

source, target = sys.argv[1:]
state = {'value': 0}
if os.path.exists(source):
    with open(source) as file:
        state = json.load(file)
made = body(state)
with open(target, 'w') as file:
    json.dump(made, file)
