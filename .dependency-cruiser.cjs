// The layers of src, from the bottom up: a folder imports only from itself and from folders before it.
const layers = [
  'internal',
  'artifact',
  'charts',
  'define',
  'plan',
  'browser',
  'code',
  'store',
  'record',
  'secret',
  'execute',
  'command',
  'worker',
  'python',
  'lineage',
  'schedule',
  'validate',
  'track',
  'tune',
  'registry',
  'serve',
  'deploy',
  'monitor',
  'features',
  'integrations',
  'ui',
  'workspace',
  'report-page',
  'testing',
  'cli',
]

const upward = layers.map((layer, index) => ({
  name: `${layer}-imports-upward`,
  severity: 'error',
  comment: `${layer} may import only: ${layers.slice(0, index + 1).join(', ')}`,
  from: { path: `^src/${layer}/` },
  to: { path: `^src/(${layers.slice(index + 1).join('|') || 'none'})/` },
}))

module.exports = {
  forbidden: [
    ...upward.slice(0, -1),
    {
      name: 'nothing-imports-the-entry',
      severity: 'error',
      from: { path: '^src/.+/' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'modules that need each other are one module, or lack a third',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-layers',
      severity: 'error',
      comment: 'what users write, the plan and the reducer run anywhere: hashing is all they need of Node',
      from: { path: '^src/(define|plan|execute/reduce)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
    {
      name: 'reducer-is-alone',
      severity: 'error',
      comment: 'the interpreter knows the plan and nothing else',
      from: { path: '^src/execute/reduce/' },
      to: { path: '^src/', pathNot: '^src/(execute/reduce|plan|internal)/' },
    },
    {
      name: 'charts-run-anywhere',
      severity: 'error',
      comment: 'they are called in steps, and drawn in browsers',
      from: { path: '^src/charts/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'page-runs-in-browsers',
      severity: 'error',
      comment: 'what is bundled into the page of a run: its own parts, data and texts',
      from: { path: '^src/report-page/page/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(report-page/(page/|page-data|shown)|artifact/chart|internal/json|plan/node-path|ui/text)',
      },
    },
    {
      name: 'page-needs-nothing-of-node',
      severity: 'error',
      from: { path: '^src/(report-page/(page/|page-data|shown)|plan/node-path)' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'integrations-are-islands',
      severity: 'error',
      from: { path: '^src/integrations/([^/]+)/' },
      to: { path: '^src/integrations/', pathNot: '^src/integrations/$1/' },
    },
    {
      name: 'not-to-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|examples|bench|scripts)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
}
