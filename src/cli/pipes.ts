/**
 * A reader that has seen enough (`| head`) is no error: nothing is printed any more and the command ends quietly. A run
 * goes on to its end, unseen.
 */
export function heedClosedPipes(goesOn: () => boolean): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error
      if (stream === process.stdout && !goesOn()) process.exit(process.exitCode ?? 0)
    })
  }
}

/** Waits until all that was printed is with its reader, or the reader is gone. */
export async function printed(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) => new Promise<void>((done) => (stream.destroyed ? done() : stream.write('', () => done()))),
    ),
  )
}
