import { statSync } from 'node:fs'

/** How a file looks without being read: another look, another content; `gone` where it is not there. */
export function fileLook(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? 'gone' : `${stats.mtimeNs} ${stats.size} ${stats.ino}`
}
