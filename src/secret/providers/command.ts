import { PipewrightError } from '../../internal/error.ts'
import { startGroup, type ProcessEnd } from '../../internal/process-group.ts'
import type { SecretProvider, SecretRequest } from '../provider.ts'
import { Redactor } from '../redactor.ts'
import { isRedactable } from '../secret-value.ts'
import { secretText, withoutLastBreak } from './file.ts'

/** What is printed is a secret: more than this, in bytes, is something else. */
const mostOutput = 256 * 1024
/** So much of the end of its standard error is told, in lines and in bytes. */
const lastLines = 5
const lastBytes = 4 * 1024
/** In milliseconds: it is told what it is to do by its arguments, and asks nobody. */
const defaultTimeout = 10_000

/** A command that prints a secret. */
export interface CommandProviderSettings {
  readonly command: readonly string[]
  /** Milliseconds. */
  readonly timeout?: number
  readonly notFound?: readonly number[]
}

interface Ended extends ProcessEnd {
  readonly stdout: Buffer
  readonly stderr: Buffer
  readonly stopped: 'timeout' | 'output' | undefined
}

/** Runs a command without a shell; it and what it has started are killed past its time. */
async function run(
  command: readonly string[],
  folder: string,
  timeout: number,
  { signal }: SecretRequest,
): Promise<Ended> {
  const group = startGroup(command, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let stopped: Ended['stopped']
  const kill = (why?: Ended['stopped']): void => {
    stopped ??= why
    group.kill('SIGKILL')
  }
  const stdout: Uint8Array[] = []
  let size = 0
  group.process.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= mostOutput) stdout.push(chunk)
    else kill('output')
  })
  let stderr: Buffer = Buffer.alloc(0)
  group.process.stderr?.on('data', (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-lastBytes)
  })
  const timer = setTimeout(() => kill('timeout'), timeout)
  const onAbort = (): void => kill()
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) kill()
  try {
    const end = await group.ended
    signal.throwIfAborted()
    return { ...end, stdout: Buffer.concat(stdout), stderr, stopped }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

/** The last lines of what a command has printed on its standard error, without the secret that it may have printed. */
function lastWords({ stdout, stderr }: Ended): string {
  const redactor = new Redactor()
  const printed = stdout.toString('utf8')
  if (isRedactable(printed)) redactor.add('that it printed', printed)
  const lines = redactor.text(stderr.toString('utf8')).trimEnd().split('\n').slice(-lastLines)
  return lines.length === 1 && lines[0] === '' ? '' : `; it said:\n${lines.join('\n')}`
}

function how({ code, signal, stopped }: Ended, timeout: number): string {
  if (stopped === 'timeout') return `took longer than ${timeout} ms and was killed`
  if (stopped === 'output') return `has printed more than ${mostOutput} bytes and was killed`
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`
}

/** A command that prints the secret whose name stands for `{name}` in its arguments; without a shell. */
export function commandProvider(
  { command, timeout = defaultTimeout, notFound = [] }: CommandProviderSettings,
  folder: string,
): SecretProvider {
  const name = `the command '${command[0]}'`
  return {
    name,
    async get(secret, request) {
      const asked = command.map((part) => part.replaceAll('{name}', secret))
      const ended = await run(asked, folder, timeout, request).catch((error: unknown) => {
        if (request.signal.aborted) throw error
        const { code } = error as NodeJS.ErrnoException
        const what = code === 'ENOENT' ? 'is not there' : `cannot be started: ${code ?? String(error)}`
        throw new PipewrightError('SECRET_UNAVAILABLE', `${name} ${what}; it was asked for '${secret}'`, {
          fix: 'install it, or mend `command` in the settings',
          cause: error,
        })
      })
      if (ended.code !== null && notFound.includes(ended.code)) return undefined
      if (ended.code !== 0 || ended.stopped !== undefined) {
        const message = `${name} was asked for '${secret}' and ${how(ended, timeout)}${lastWords(ended)}`
        throw new PipewrightError('SECRET_UNAVAILABLE', message, {
          fix: 'try it by hand; a code that says that there is no such secret belongs into `notFound`',
        })
      }
      const value = withoutLastBreak(secretText(ended.stdout, `what ${name} has printed`))
      return value === '' ? undefined : value
    },
  }
}
