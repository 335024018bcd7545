import { paletteFor } from '../../ui/palette.ts'
import { wordOf } from '../option-values.ts'
import { progressWays } from '../option-words.ts'
import type { RunView } from './view.ts'

/** A tree has no room on a terminal that is narrower. */
const narrowest = 20

/** What decides on the view. */
export interface ViewOptions {
  readonly json?: boolean
  readonly progress?: string
  /** Every line that steps log. */
  readonly logs?: boolean
}

/** Whether a stream is a terminal that can be drawn on. */
export function isDrawable(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv = process.env): boolean {
  const isCi = env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false'
  return stream.isTTY && !isCi && env['TERM'] !== 'dumb' && (stream.columns || narrowest) >= narrowest
}

/** The view that fits the options, the terminal and the environment. */
export async function openView(title: string, options: ViewOptions): Promise<RunView> {
  const { json = false, progress = 'auto', logs = false } = options
  const way = wordOf('--progress', progress, 'not a way to show progress', progressWays)
  const { stderr, stdout } = process
  if (json) {
    const { JsonView } = await import('./json-view.ts')
    return new JsonView((text) => void stdout.write(text))
  }
  if (way === 'live' || (way === 'auto' && isDrawable(stderr))) {
    const { LiveView } = await import('./live-view.ts')
    return new LiveView(stderr, title, await paletteFor(stderr), logs)
  }
  const { PlainView, SilentView } = await import('./plain-view.ts')
  const View = way === 'none' ? SilentView : PlainView
  return new View((text) => void stderr.write(text), logs)
}
