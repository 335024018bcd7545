#!/usr/bin/env bash
# The shells that completion is tested in, beside bash: zsh and fish. Does nothing where both are there.
set -euo pipefail
missing=()
for name in zsh fish; do
  command -v "$name" > /dev/null || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if command -v apt-get > /dev/null; then
  sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update
  "${sudo[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
else
  echo "install ${missing[*]}: completion is tested in them" >&2
  exit 1
fi
