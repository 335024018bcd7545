import { defineConfig } from 'pipewright'

// At the root of the repository: every package shares one workspace, and so one cache and one history.
export default defineConfig({ pipelines: { nightly: './packages/pipelines/nightly.ts#nightly' } })
