import type { ContainerEngine, ContainerOptions } from './options.ts'
import { workFolder, type Mount } from './mounts.ts'

/** A container that is ready to be run. */
export interface ReadyContainer {
  /** What this container is told by, for as long as it is there. */
  readonly name: string
  /** The image by its id or digest. */
  readonly image: string
  /** The executable and its arguments, with paths as the container sees them. */
  readonly command: readonly string[]
  readonly mounts: readonly Mount[]
  /** The variables that it sees; the engine takes their values from its own environment, where nobody reads them. */
  readonly env: readonly string[]
  readonly network: NonNullable<ContainerOptions['network']>
  /** As the options say. */
  readonly user: string | undefined
  /** Who calls; nobody where the platform knows none. */
  readonly caller: { readonly uid: number; readonly gid: number } | undefined
  readonly gpus: ContainerOptions['gpus']
  /** Bytes. */
  readonly memory: number | undefined
  readonly cpus: number | undefined
}

/** A field of a mount; the engines read them as one line of CSV. */
function field(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function mountArguments({ source, target, isReadOnly }: Mount): string[] {
  const fields = ['type=bind', field(`source=${source}`), field(`target=${target}`)]
  return ['--mount', [...fields, ...(isReadOnly ? ['readonly'] : [])].join(',')]
}

function userArguments(engine: ContainerEngine, { user, caller }: ReadyContainer): string[] {
  if (user !== undefined) return ['--user', user]
  if (caller === undefined) return []
  return [
    // Without root podman maps users: who calls would be somebody else in the container, who may write nothing.
    ...(engine === 'podman' && caller.uid !== 0 ? ['--userns', 'keep-id'] : []),
    '--user',
    `${caller.uid}:${caller.gid}`,
    // Images know nothing of this user: without a home many tools fail to write their caches.
    '--env',
    `HOME=${workFolder}`,
  ]
}

function gpuArguments(engine: ContainerEngine, gpus: ReadyContainer['gpus']): string[] {
  if (gpus === undefined) return []
  if (engine === 'docker') return ['--gpus', String(gpus)]
  const devices = gpus === 'all' ? ['all'] : Array.from({ length: gpus }, (_, index) => String(index))
  return devices.flatMap((device) => ['--device', `nvidia.com/gpu=${device}`])
}

/** The command line that runs a container: for the engine's executable, without a shell. */
export function containerArguments(engine: ContainerEngine, container: ReadyContainer): string[] {
  const { name, image, command, mounts, env, network, gpus, memory, cpus } = container
  const [executable, ...args] = command
  return [
    engine,
    'run',
    // What was killed for its memory is asked about after its end.
    ...(memory === undefined ? ['--rm'] : []),
    '--init',
    '--name',
    name,
    // It has been pulled by now, and its name may mean another one by now.
    '--pull',
    'never',
    // What it prints is read here; the engine would keep it a second time, without a bound.
    '--log-driver',
    'none',
    '--network',
    network,
    // Else SELinux hides the folders, or relabels files of the project.
    '--security-opt',
    'label=disable',
    // Podman hands on what proxies the caller has, which nobody has declared.
    ...(engine === 'podman' ? ['--http-proxy=false'] : []),
    ...userArguments(engine, container),
    // With swap the same: docker would add as much again, and a step that swaps tells nobody that it lacks memory.
    ...(memory === undefined ? [] : ['--memory', String(memory), '--memory-swap', String(memory)]),
    ...(cpus === undefined ? [] : ['--cpus', String(cpus)]),
    ...gpuArguments(engine, gpus),
    ...mounts.flatMap(mountArguments),
    '--workdir',
    workFolder,
    // After HOME: who declares it means theirs.
    ...env.flatMap((variable) => ['--env', variable]),
    // The command says what is executed, whatever the image would.
    '--entrypoint',
    executable!,
    image,
    ...args,
  ]
}
