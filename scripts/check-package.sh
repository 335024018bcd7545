#!/usr/bin/env bash
# What a user's tools would say of the published package.
set -euo pipefail
cd "$(dirname "$0")/.."
npx publint --strict
npx attw --pack . --profile esm-only --ignore-rules no-resolution
npx knip
node scripts/check-install-scripts.mjs
