import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { byteSize } from '../../internal/byte-size.ts'
import { PipewrightError } from '../../internal/error.ts'
import type { ProcessGroup } from '../../internal/process-group.ts'
import type { StepContext } from '../../define/context.ts'
import type { Resources } from '../../define/step.ts'
import { outOfMemory } from '../../execute/out-of-memory.ts'
import { outsideWorkOf, type OutsideWork } from '../../execute/outside-work.ts'
import { asFinal } from '../final-error.ts'
import { runLogged, type LoggedEnd } from '../logged-process.ts'
import { judge, lastWords, startFailure, type ReadyCommand } from '../run-command.ts'
import { containerArguments, type ReadyContainer } from './arguments.ts'
import { askEngine, findEngine } from './engine.ts'
import { imageNow } from './image-digest.ts'
import type { Mount } from './mounts.ts'
import type { ContainerEngine, ContainerOptions } from './options.ts'

/** A command that is ready to be run in a container. */
export interface ContainerCommand extends ReadyCommand {
  readonly step: string
  readonly container: ContainerOptions
  readonly resources: Resources
  readonly mounts: readonly Mount[]
}

/** Runs a command in a container to its end; past its time, or cancelled, the container is told to end, then killed and removed. */
export async function runInContainer(
  command: ContainerCommand,
  context: Pick<StepContext, 'log' | 'signal' | 'workdir'>,
): Promise<void> {
  const { container, env, stdoutFile, grace, owner } = command
  const { log, signal, workdir } = context
  const outside = outsideWorkOf(context)
  const memory = memoryOf(command, outside)
  const onLine = (line: string): void => log.info(line)
  const { image, pull = 'missing' } = container
  const engine = await findEngine(container.engine, owner)
  const { id } = await imageNow({ engine, image, pull, owner, signal, onLine })
  const name = containerName(command.step)
  const kill = (way: 'SIGTERM' | 'SIGKILL', client: ProcessGroup): void => {
    const asked = askEngine(engine, ['kill', '--signal', way, name])
    // There may be no container yet: then it is the client that is told. It is not otherwise, or output would be lost.
    if (way === 'SIGTERM') asked.catch(() => client.kill(way))
    else void asked.catch(() => undefined).then(() => client.kill(way))
  }
  let end: LoggedEnd | undefined
  let isOutOfMemory = false
  outside.note({ runner: 'container' })
  try {
    end = await runLogged({
      arguments: containerArguments(engine, readyContainer(command, name, id, memory)),
      cwd: workdir,
      // It is the client that sees all of it; the container sees what is named.
      env: { ...process.env, ...env },
      stdoutFile,
      onLine,
      signal,
      grace,
      kill,
    })
    isOutOfMemory =
      end.code !== 0 &&
      memory !== undefined &&
      ((await wasKilledForMemory(engine, name)) || (end.code === killed && hasMemoryNote(engine, workdir)))
  } catch (error) {
    throw startFailure(error, engine, owner)
  } finally {
    // Of a container that has ended by itself the engine takes care, where nothing is to be asked of it.
    if (memory !== undefined || end === undefined || end.code === null || end.code === 125)
      await removed(engine, name)
  }
  if (isOutOfMemory) {
    const {
      arguments: [file],
    } = command
    throw outOfMemory(`${owner}: the container of '${file!}'`, memory, { runner: 'container', engine, image })
  }
  judgeEngine(end, engine, command)
  judge(end, command.exitCodes, command.arguments[0]!, owner)
}

/** The memory of the attempt, which a retry may have raised; that of the step where no attempt says. */
function memoryOf(
  { resources: { memory }, owner }: ContainerCommand,
  { memoryLimit }: OutsideWork,
): number | undefined {
  if (memoryLimit !== undefined) return Math.ceil(memoryLimit)
  return memory === undefined ? undefined : Math.ceil(byteSize(memory, `${owner}, resources.memory`))
}

/** Whether the system has killed something in a container that has ended, for its memory. */
async function wasKilledForMemory(engine: ContainerEngine, name: string): Promise<boolean> {
  const asked = askEngine(engine, ['container', 'inspect', '--format', '{{.State.OOMKilled}}', name])
  return (await asked.catch(() => '')).trim() === 'true'
}

/** The code of what SIGKILL has ended. */
const killed = 137

/** Some versions of podman know of it only by an empty file, which they leave in the folder that they were started in. */
function hasMemoryNote(engine: ContainerEngine, workdir: string): boolean {
  return engine === 'podman' && statSync(join(workdir, 'oom'), { throwIfNoEntry: false })?.size === 0
}

/** Another name for each attempt: one that was lost with its process may still be there. */
function containerName(step: string): string {
  const readable = step.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').slice(0, 40)
  return `pipewright-${readable}-${randomUUID()}`
}

function readyContainer(
  { arguments: command, container, resources: { cpu }, mounts, env }: ContainerCommand,
  name: string,
  image: string,
  memory: number | undefined,
): ReadyContainer {
  const { network = 'none', user, gpus } = container
  return {
    name,
    image,
    command,
    mounts,
    env: Object.keys(env),
    network,
    user,
    caller: process.getuid === undefined ? undefined : { uid: process.getuid(), gid: process.getgid!() },
    gpus,
    memory,
    cpus: typeof cpu === 'number' && cpu > 0 ? cpu : undefined,
  }
}

/** Removes a container whatever it does; that there is none is no error. */
async function removed(engine: ContainerEngine, name: string): Promise<void> {
  // Podman gives it ten seconds to end otherwise.
  const atOnce = engine === 'podman' ? ['--time', '0'] : []
  await askEngine(engine, ['rm', '--force', '--volumes', ...atOnce, name]).catch(() => undefined)
}

/** The code that a container has ended with; podman's init ends with 1 where there is nothing to be executed. */
function codeOf({ code, last }: LoggedEnd, engine: ContainerEngine): number | null {
  const [, why] = /catatonit.*failed to exec pid1: (.*)/.exec(last.at(-1) ?? '') ?? []
  if (engine !== 'podman' || code !== 1 || why === undefined) return code
  return why.startsWith('No such file') ? 127 : 126
}

/** Throws `CONTAINER_FAILED` for the exit codes that engines keep for themselves. */
function judgeEngine(
  end: LoggedEnd,
  engine: ContainerEngine,
  { arguments: [file], container: { image }, exitCodes, owner }: ContainerCommand,
): void {
  const { last } = end
  const code = codeOf(end, engine)
  if (code === null || code < 125 || code > 127 || exitCodes[code] !== undefined) return
  const [what, fix] = {
    125: [
      `${engine} could not run the container`,
      `look at what ${engine} says: whether it runs, and whether it knows what the step asks for`,
    ],
    126: [
      `'${file}' of the image '${image}' cannot be executed`,
      `give an executable of the image; where the command itself ends with ${code}, say what that means in \`exitCodes\``,
    ],
    127: [
      `the image '${image}' has no executable '${file}'`,
      `give an executable of the image; where the command itself ends with ${code}, say what that means in \`exitCodes\``,
    ],
  }[code as 125 | 126 | 127] as [string, string]
  const error = new PipewrightError(
    'CONTAINER_FAILED',
    `${owner}: ${what} (code ${code})${lastWords(last)}`,
    { fix, details: { code, engine, image } },
  )
  throw code === 125 ? error : asFinal(error)
}
