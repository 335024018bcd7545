import { readFileSync } from 'node:fs'

// Adds up vitest's own JSON reports and prints the line that ends the gate.
let passed = 0
let failed = 0
for (const path of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(path, 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests + report.numPendingTests + report.numTodoTests
  failed += report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length
}
console.log(`${passed} passed, ${failed} failed`)
if (failed > 0 || passed === 0) process.exit(1)
