import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { loadModule } from '../../workspace/load-module.ts'
import { fail, ok, warn, type DoctorFinding } from './finding.ts'

const oldestMajor = 20
const oldestMinor = 19

/** The versions of Node that Pipewright supports. */
export function checkNode(version = process.versions.node): DoctorFinding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor))
    return ok('node', `Node ${version}`)
  return fail(
    'node',
    `Node ${version} is too old`,
    `install Node ${oldestMajor}.${oldestMinor} or newer (https://nodejs.org)`,
  )
}

/** Where Pipewright runs. */
export function checkPlatform(platform: NodeJS.Platform = process.platform): DoctorFinding {
  if (platform === 'linux' || platform === 'darwin') return ok('platform', `${platform}-${process.arch}`)
  return platform === 'win32'
    ? fail(
        'platform',
        'Windows is supported through WSL alone',
        'start it in WSL (https://learn.microsoft.com/windows/wsl)',
      )
    : warn('platform', `${platform} is not tested`, 'use Linux or macOS where you can')
}

/** Whether TypeScript files load in this process. */
export async function checkLoader(): Promise<DoctorFinding> {
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-doctor-'))
  try {
    const file = join(folder, 'probe.ts')
    // What Node itself strips, and what only a compiler can write anew.
    await writeFile(file, 'enum Level { Low = 1 }\nexport const level: number = Level.Low\n')
    const { level } = await loadModule(file)
    if (level !== 1) throw new Error('it has loaded as something else')
    return ok('loader', 'TypeScript files load')
  } catch (error) {
    return fail(
      'loader',
      `TypeScript files do not load: ${(error as Error).message.split('\n')[0]}`,
      'npm install jiti, or start with a loader: node --import tsx',
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A package that is used when it is there. */
interface Optional {
  readonly name: string
  readonly what: string
  /** The versions that fit, as a text for people and a test. */
  readonly range: string
  readonly fits: (major: number, minor: number) => boolean
}

const optionals: readonly Optional[] = [
  {
    name: '@opentelemetry/api',
    what: 'runs as spans and metrics',
    range: '>=1.4.0 <2',
    fits: (major, minor) => major === 1 && minor >= 4,
  },
]

/** The optional packages, as the project has them. */
export async function checkOptional(root: string): Promise<DoctorFinding[]> {
  const require = createRequire(join(root, 'package.json'))
  return Promise.all(
    optionals.map(async ({ name, what, range, fits }) => {
      let version: string
      try {
        version = (
          JSON.parse(await readFile(require.resolve(`${name}/package.json`), 'utf8')) as { version: string }
        ).version
      } catch {
        return ok(name, `not installed: no ${what}`)
      }
      const [major = 0, minor = 0] = version.split('.').map(Number)
      return fits(major, minor)
        ? ok(name, `${version}: ${what}`)
        : warn(name, `${version} is not used: ${what} needs ${range}`, `npm install ${name}@"${range}"`)
    }),
  )
}
