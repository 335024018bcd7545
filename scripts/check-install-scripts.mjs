import { readFileSync } from 'node:fs'

// A dependency that must run a script to be installed fails where scripts are off: none of ours may.
const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))
const guilty = Object.entries(lock.packages)
  .filter(
    ([, entry]) =>
      entry.hasInstallScript === true &&
      entry.dev !== true &&
      entry.devOptional !== true &&
      entry.peer !== true,
  )
  .map(([path]) => path)
if (guilty.length > 0) {
  console.error(`runtime dependencies with an install script:\n  ${guilty.join('\n  ')}`)
  process.exit(1)
}
console.log('no runtime dependency has an install script')
