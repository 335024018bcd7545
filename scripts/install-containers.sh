#!/usr/bin/env bash
# The engines that steps in containers are tested with: docker and podman, what runs containers for both, a registry, and a
# busybox to make images of. Does nothing where all of it is there.
set -euo pipefail
wanted=(dockerd podman runc catatonit docker-registry busybox)
missing=()
for name in "${wanted[@]}"; do
  command -v "$name" > /dev/null || [ -x "/usr/libexec/podman/$name" ] || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if command -v apt-get > /dev/null; then
  sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update
  "${sudo[@]}" apt-get install -y --no-install-recommends \
    docker.io podman runc catatonit tini docker-registry busybox-static
else
  echo "install ${missing[*]}: tests of steps in containers start them" >&2
  exit 1
fi
