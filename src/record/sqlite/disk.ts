import { statfsSync } from 'node:fs'
import { PipewrightError } from '../../internal/error.ts'

/** `f_type` of statfs(2) on Linux, of file systems over which WAL's shared memory does not work. */
const network: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
}

/** The name of the network file system that a statfs type stands for; undefined for a local one. */
export function networkFileSystem(type: number): string | undefined {
  return network[type >>> 0]
}

/** Refuses a folder on a network file system; where that can't be told (not on Linux) it passes. */
export function requireLocalDisk(folder: string): void {
  if (process.platform !== 'linux') return
  let type: number
  try {
    type = statfsSync(folder).type
  } catch {
    return
  }
  const name = networkFileSystem(type)
  if (name === undefined) return
  throw new PipewrightError(
    'CONFIG_INVALID',
    `${folder} is on a network file system (${name}): the metadata database's write-ahead log needs a local disk`,
    { fix: 'name a local folder as the workspace root', details: { folder, fileSystem: name } },
  )
}
