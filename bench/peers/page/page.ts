import type { Results } from '../results.ts'
import { series } from './format.ts'
import { aheadOf, notRun, rowsOf } from './measures.ts'
import {
  cachedTable,
  chainTable,
  installTable,
  mapTable,
  keepingTable,
  resumeTable,
  truthTable,
  usageTable,
} from './tables.ts'

/** The page that shows the results of one run. */
export function renderPage(results: Results): string {
  const { machine, options, minutes } = results
  const rows = rowsOf(results)
  const cacheless = rows.flatMap(({ peer }) => ('none' in peer.cache ? [peer.title] : []))
  const server = machine.postgres === null ? '' : `, PostgreSQL ${machine.postgres}`
  return `# Side by side

Written by \`npm run bench:peers\`, from one run of it (${minutes} minutes): ${machine.date}, ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB,
${machine.system}, Node ${machine.node}, Python ${machine.python}${server}. Load before it started: ${machine.load.toFixed(1)}.

Each is installed in an environment of its own, in the versions of [versions.json](../bench/peers/versions.json), and used
as its documentation says; the flows are in [bench/peers](../bench/peers/README.md), one folder each. The bodies of the steps do
the same: append a line to a log, return a small JSON value. That log tells what was executed. Telemetry is off, no
network is used. Times are of the whole command, ${options.repeat === 1 ? 'of one run each' : `medians of ${options.repeat} runs`}; what takes longer than 20 s is run once, and
${options.limit} s are the limit of a measurement. Processor time and memory are those of all processes that the command has
started, databases included. Databases are made before: no migration is measured. Ratios below 2 say little.

## What is compared

They do not promise the same: look at what is kept before comparing a time. *Syncs a step* are the calls of \`fsync\` and
\`fdatasync\` for each further step of a chain, as \`strace\` counts them: without one, what is kept survives a crash of the
process, not one of the machine.

${keepingTable(rows)}

How each is used here:

${usageTable(rows)}

## A chain of 100 steps

Start-up is a flow of one step (Metaflow: two). A step costs what the chain takes beyond that; a dash where the
start-up varies by more.

${chainTable(rows)}

## A map over 1,000 items, gathered

An item costs what the map takes beyond the start-up.

${mapTable(rows)}

## The chain again, with the cache on

Without a cache: ${series(cacheless)}.

${cachedTable(rows)}

## Going on after step 50 has failed

${resumeTable(rows)}

## Does the cache tell the truth?

The cache is filled; a second run has to execute nothing; then files, inputs and a package are changed, and it is run
again. *Stale*: the old result was served. A step that nothing touches stands beside them, and has to hit.

${truthTable(rows)}

Inputs of files are declared with the type that each has for that (Flyte \`File\`, Kubeflow \`importer\`, DVC \`deps\`,
Pipewright \`file()\`), else as a path. By hand more can be declared: ZenML \`CachePolicy\`, further \`deps\` of DVC, a
\`cache_key_fn\` of Prefect, a version raised in flytekit.

## Size and import

The import is over an empty process; sizes are before any bytecode is written.

${installTable(rows)}

## Where others are ahead

In what was measured, from the best one on:

${aheadOf(rows)}

In what was not: all but DBOS define steps and pipelines in Python, where most libraries for machine learning are; Pipewright
runs Python steps too, in processes beside its own ([what that costs](benchmarks.md)), but its pipelines are TypeScript. Prefect,
Dagster, Flyte, Kubeflow, ZenML and Metaflow run the same flows on a server or a cluster, and bring a web interface and
integrations that Pipewright has not or not yet. Where a process is started for each step
(Kubeflow, DVC, Metaflow, Dagster by default), that buys isolation which steps in one process do not have.

## What was not run

${notRun(rows)}
`
}
