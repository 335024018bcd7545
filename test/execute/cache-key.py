"""Cache keys, made once more from docs/cache.md alone: reads records from standard input, prints their keys."""

import hashlib
import json
import sys


def number(value):
    """As ECMAScript prints it."""
    if isinstance(value, int) or value == int(value) and abs(value) < 1e21:
        return str(int(value))
    digits = repr(value)
    mantissa, _, exponent = digits.partition("e")
    if not exponent:
        return digits
    power = int(exponent)
    if -7 < power < 0:
        sign, mantissa = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
        return sign + "0." + "0" * (-power - 1) + mantissa.replace(".", "")
    return mantissa + "e" + ("+" if power > 0 else "-") + str(abs(power))


def canonical(value):
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def digest(text):
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()


for case in json.load(sys.stdin):
    key = dict(case["key"], inputs={name: "json " + digest(canonical(value)) for name, value in case["inputs"].items()})
    print(digest(canonical(key)))
