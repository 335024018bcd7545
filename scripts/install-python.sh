#!/usr/bin/env bash
# The environment of the tests of Python steps: python3 with what test/python/requirements.txt names. Made once for a
# content of that file.
set -euo pipefail
cd "$(dirname "$0")/.."
requirements='test/python/requirements.txt'
venv='node_modules/.cache/python'
made="$venv/made-from.txt"
if cmp -s "$requirements" "$made"; then exit 0; fi
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements"
cp "$requirements" "$made"
