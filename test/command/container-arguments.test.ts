import { describe, expect, test } from 'vitest'
import { containerArguments, type ReadyContainer } from '../../src/command/container/arguments.ts'
import { imageOf } from '../../src/command/container/image.ts'
import { Mounts } from '../../src/command/container/mounts.ts'

const plain: ReadyContainer = {
  name: 'pipewright-sort-1',
  image: 'sha256:1',
  command: ['sort', '-o', '/pipewright/work/out-sorted', '--', '$(id) `id`; "'],
  mounts: [{ source: '/data/7', target: '/pipewright/work', isReadOnly: false }],
  env: [],
  network: 'none',
  user: undefined,
  caller: { uid: 1000, gid: 100 },
  gpus: undefined,
  memory: undefined,
  cpus: undefined,
}

/** What follows an option, each time that it is given. */
function given(args: readonly string[], option: string): string[] {
  return args.flatMap((arg, index) => (arg === option ? [args[index + 1]!] : []))
}

describe('the command line of a container', () => {
  test('for docker', () => {
    const expected = [
      ['docker', 'run', '--rm', '--init', '--name', 'pipewright-sort-1', '--pull', 'never'],
      ['--log-driver', 'none', '--network', 'none', '--security-opt', 'label=disable'],
      ['--user', '1000:100', '--env', 'HOME=/pipewright/work'],
      ['--mount', 'type=bind,source=/data/7,target=/pipewright/work', '--workdir', '/pipewright/work'],
      ['--entrypoint', 'sort', 'sha256:1', '-o', '/pipewright/work/out-sorted', '--', '$(id) `id`; "'],
    ]
    expect(containerArguments('docker', plain)).toEqual(expected.flat())
  })

  test('for podman: users are kept, proxies are not handed on', () => {
    const args = containerArguments('podman', plain)
    expect(args[0]).toBe('podman')
    expect(args).toContain('--http-proxy=false')
    expect(given(args, '--userns')).toEqual(['keep-id'])
    const asRoot = containerArguments('podman', { ...plain, caller: { uid: 0, gid: 0 } })
    expect(given(asRoot, '--userns')).toEqual([])
    expect(given(asRoot, '--user')).toEqual(['0:0'])
  })

  test.each(['docker', 'podman'] as const)('names variables without their values, by %s', (engine) => {
    const args = containerArguments(engine, { ...plain, user: 'nobody', env: ['REGION', 'API_TOKEN'] })
    expect(given(args, '--env')).toEqual(['REGION', 'API_TOKEN'])
    expect(given(args, '--user')).toEqual(['nobody'])
    expect(args).not.toContain('--userns')
  })

  test('bounds memory and processors', () => {
    const args = containerArguments('docker', { ...plain, memory: 2 ** 30, cpus: 1.5, network: 'bridge' })
    for (const option of ['--memory', '--memory-swap']) expect(given(args, option)).toEqual(['1073741824'])
    // It is asked afterwards whether that has ended it.
    expect(args).not.toContain('--rm')
    expect(given(args, '--cpus')).toEqual(['1.5'])
    expect(given(args, '--network')).toEqual(['bridge'])
  })

  test('gives GPUs in the way of each engine', () => {
    expect(given(containerArguments('docker', { ...plain, gpus: 2 }), '--gpus')).toEqual(['2'])
    expect(given(containerArguments('docker', { ...plain, gpus: 'all' }), '--gpus')).toEqual(['all'])
    expect(given(containerArguments('podman', { ...plain, gpus: 2 }), '--device')).toEqual([
      'nvidia.com/gpu=0',
      'nvidia.com/gpu=1',
    ])
    expect(given(containerArguments('podman', { ...plain, gpus: 'all' }), '--device')).toEqual([
      'nvidia.com/gpu=all',
    ])
  })

  test('mounts inputs where they are, to be read only; commas and quotes of paths are theirs', () => {
    const mounts = new Mounts('/a,"b"/7')
    expect(mounts.inWorkdir('/a,"b"/7/out-x')).toBe('/pipewright/work/out-x')
    expect(mounts.inWorkdir('/a,"b"/7')).toBe('/pipewright/work')
    expect(mounts.input('/a,"b"/7/rows.csv')).toBe('/pipewright/work/rows.csv')
    expect(mounts.input('/a,"b"/7/rows.csv')).toBe('/pipewright/work/rows.csv')
    expect(mounts.file('script', '/project/draw.R')).toBe('/pipewright/files/script/draw.R')
    expect(mounts.folder('../lib', '/project/lib')).toBe('/pipewright/mounts/%2e%2e%2flib')
    expect(given(containerArguments('docker', { ...plain, mounts: mounts.all }), '--mount')).toEqual([
      'type=bind,"source=/a,""b""/7",target=/pipewright/work',
      'type=bind,"source=/a,""b""/7/rows.csv",target=/pipewright/work/rows.csv,readonly',
      'type=bind,source=/project/draw.R,target=/pipewright/files/script/draw.R,readonly',
      'type=bind,source=/project/lib,target=/pipewright/mounts/%2e%2e%2flib,readonly',
    ])
  })
})

describe('what an image is', () => {
  const of = (image: string, RepoDigests: string[] | null, Id = 'sha256:id'): unknown =>
    imageOf(JSON.stringify([{ Id, RepoDigests }]), image)

  test('the digest that its repository knows it by, whichever engine tells', () => {
    const known = ['mirror.example/debian@sha256:b', 'registry.example/library/debian@sha256:c']
    expect(of('debian:12', known)).toEqual({ id: 'sha256:id', digest: 'sha256:b' })
    expect(of('library/debian', known)).toMatchObject({ digest: 'sha256:c' })
    expect(of('mirror.example:5000/debian', ['mirror.example:5000/debian@sha256:d'])).toMatchObject({
      digest: 'sha256:d',
    })
    expect(of('debian@sha256:c', ['registry.example/library/debian@sha256:c'])).toMatchObject({
      digest: 'sha256:c',
    })
  })

  test('its id, where no repository knows it', () => {
    expect(of('mine', [])).toMatchObject({ digest: 'sha256:id' })
    expect(of('mine', null, 'id')).toEqual({ id: 'sha256:id', digest: 'sha256:id' })
    expect(of('mine', ['elsewhere@sha256:e'])).toMatchObject({ digest: 'sha256:id' })
  })
})
