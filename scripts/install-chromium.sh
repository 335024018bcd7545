#!/usr/bin/env bash
# The browser that the pages of runs are tested in: the system's own. Does nothing where there is one.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" > /dev/null; then
    command -v "$name"
    exit 0
  fi
done
if command -v apt-get > /dev/null; then
  sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update
  "${sudo[@]}" apt-get install -y --no-install-recommends chromium
  command -v chromium
else
  echo 'install Chromium, or name a browser in CHROMIUM' >&2
  exit 1
fi
