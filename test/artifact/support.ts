import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import type { Artifact } from '../../src/artifact/artifact.ts'
import type { Kind } from '../../src/artifact/kind.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { tempFolder } from '../workspace/temp.ts'

/** Stores and reads values of kinds in memory, with a folder for each side. */
export interface Bench {
  readonly workdir: string
  readonly encode: (kind: Kind<unknown, never>, value: unknown) => Promise<Artifact>
  readonly decode: <Get>(kind: Kind<Get, never>, artifact: Artifact, name?: string) => Promise<Get>
  /** What a consumer gets of what a producer returned. */
  readonly pass: <Get>(kind: Kind<Get, never>, value: unknown) => Promise<Get>
}

export async function bench(code: Digest = sha256('code')): Promise<Bench> {
  const folder = await tempFolder()
  const [workdir, other] = [join(folder, 'producer'), join(folder, 'consumer')]
  for (const path of [workdir, other]) await mkdir(path)
  const blobs = memoryStore()
  const predictorDigest = (): Promise<Digest> => Promise.resolve(code)
  const encode = (kind: Kind<unknown, never>, value: unknown): Promise<Artifact> =>
    kind.encode(value, { blobs, workdir: () => Promise.resolve(workdir), predictorDigest })
  const decode = <Get>(kind: Kind<Get, never>, artifact: Artifact, name = 'input'): Promise<Get> =>
    kind.decode(artifact, { blobs, name, workdir: () => Promise.resolve(other), predictorDigest })
  return { workdir, encode, decode, pass: async (kind, value) => decode(kind, await encode(kind, value)) }
}
