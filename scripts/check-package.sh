#!/usr/bin/env bash
# What a user's tools would say of the published package.
set -euo pipefail
cd "$(dirname "$0")/.."
npx publint --strict
npx attw --pack . --profile esm-only --ignore-rules no-resolution
npx knip
node scripts/check-install-scripts.mjs
# The compiler has been seen to leave a dynamic import as it was written.
if grep -rnE "import\\([\"'][^\"']*\\.ts[\"']\\)" dist --include='*.js'; then exit 1; fi
