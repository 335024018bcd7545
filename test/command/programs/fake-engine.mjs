// Plays docker or podman as far as their documented command line goes, without isolation: it runs the command as a process
// of this machine, in the mounted folders. What it was asked, what it keeps and what it runs is in files beside its name.
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

const home = dirname(process.argv[1])
const [verb, ...rest] = process.argv.slice(2)
const inHome = (name) => join(home, name)
const read = (name) => (existsSync(inHome(name)) ? JSON.parse(readFileSync(inHome(name), 'utf8')) : {})

appendFileSync(inHome('calls.jsonl'), `${JSON.stringify(process.argv.slice(2))}\n`)

function fail(code, message) {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}

const images = read('images.json')
const isRunning = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function inspect(image) {
  const found = Object.entries(images).find(([name, { Id }]) => name === image || Id === image)
  if (found === undefined) fail(1, `Error: No such image: ${image}`)
  process.stdout.write(JSON.stringify([found[1]]))
}

function pull(image) {
  const found = read('registry.json')[image]
  process.stderr.write(`${image}: Pulling\n`)
  if (found === undefined) fail(1, `manifest for ${image} not found`)
  process.stdout.write('layer one: Pull complete\n')
  writeFileSync(inHome('images.json'), JSON.stringify({ ...images, [image]: found }))
}

/** The fields of a line of CSV. */
function fields(line) {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain : quoted.replaceAll('""', '"'),
  )
}

function run(args) {
  const takesText = [
    'name',
    'pull',
    'log-driver',
    'network',
    'userns',
    'user',
    'memory',
    'memory-swap',
    'cpus',
    'gpus',
    'workdir',
    'entrypoint',
  ]
  const takesMany = ['security-opt', 'device', 'mount', 'env']
  const options = {
    rm: { type: 'boolean' },
    init: { type: 'boolean' },
    'http-proxy': { type: 'string' },
    ...Object.fromEntries(takesText.map((name) => [name, { type: 'string' }])),
    ...Object.fromEntries(takesMany.map((name) => [name, { type: 'string', multiple: true }])),
  }
  // Options of the engine end where the image stands.
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true })
  const imageAt = tokens.find(({ kind }) => kind === 'positional').index
  const { values } = parseArgs({ args: args.slice(0, imageAt), options })
  const image = args[imageAt]
  const name = String(values.name)
  const entrypoint = String(values.entrypoint)
  if (!Object.values(images).some(({ Id }) => Id === image))
    fail(125, `Unable to find image '${image}' locally`)
  const plays = read('plays.json')
  if (plays.engine !== undefined) fail(plays.engine, `${process.argv[1]}: Error response from daemon`)
  const mounts = values.mount.map((mount) =>
    Object.fromEntries(fields(mount).map((each) => each.split(/=(.*)/s))),
  )
  const here = (text) => {
    // The longest first: mounts lie in others.
    for (const { target, source } of mounts.toSorted((a, b) => b.target.length - a.target.length))
      if (text === target || text.startsWith(`${target}/`)) return source + text.slice(target.length)
    return text
  }
  for (const { source } of mounts)
    if (!existsSync(source)) fail(125, `bind source path does not exist: ${source}`)
  const env = Object.fromEntries(
    values.env.flatMap((each) => {
      const [name, value] = each.split(/=(.*)/s)
      return value === undefined
        ? process.env[name] === undefined
          ? []
          : [[name, process.env[name]]]
        : [[name, here(value)]]
    }),
  )
  // A container is a child of the engine, not of whoever asks: it does not end with that.
  const container = spawn(here(entrypoint), args.slice(imageAt + 1).map(here), {
    cwd: here(values.workdir),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  container.on('error', () => fail(127, `exec: "${entrypoint}": executable file not found in $PATH`))
  if (container.pid === undefined) return
  const place = inHome(`${name}.pid`)
  writeFileSync(place, JSON.stringify(container.pid))
  container.stdout.pipe(process.stdout)
  container.stderr.pipe(process.stderr)
  // What the kernel does at once, a look does soon.
  const looking = setInterval(() => {
    const pages = Number(readFileSync(`/proc/${container.pid}/statm`, 'utf8').split(' ')[1])
    if (pages * 4096 <= Number(values.memory ?? Infinity)) return
    clearInterval(looking)
    writeFileSync(inHome(`${name}.oom`), '')
    process.kill(container.pid, 'SIGKILL')
  }, 20)
  container.on('exit', () => clearInterval(looking))
  container.on('close', (code, signal) => {
    if (values.rm === true) rmSync(place, { force: true })
    process.exitCode = code ?? 128 + { SIGTERM: 15, SIGKILL: 9 }[signal]
  })
}

function signal(name, which) {
  const place = inHome(`${name}.pid`)
  if (!existsSync(place)) fail(1, `No such container: ${name}`)
  const pid = JSON.parse(readFileSync(place, 'utf8'))
  if (isRunning(pid)) process.kill(pid, which)
  return place
}

if (verb === 'image' && rest[0] === 'inspect') inspect(rest[1])
else if (verb === 'pull') pull(rest[0])
else if (verb === 'run') run(rest)
else if (verb === 'container' && rest[0] === 'inspect' && rest[2] === '{{.State.OOMKilled}}') {
  if (!existsSync(inHome(`${rest[3]}.pid`))) fail(1, `Error: No such container: ${rest[3]}`)
  process.stdout.write(`${existsSync(inHome(`${rest[3]}.oom`))}\n`)
} else if (verb === 'kill' && rest[0] === '--signal') {
  if (read('plays.json').deafToKill !== true) signal(rest[2], rest[1])
} else if (verb === 'rm') rmSync(signal(rest.at(-1), 'SIGKILL'))
else fail(125, `unknown command: ${verb}`)
