import { PipewrightError } from '../internal/error.ts'
import { errorPlace, headline, lineOfField } from './load-error.ts'

/** What is wrong with a config file, with its name and the line. */
export async function configError(error: unknown, config: string): Promise<PipewrightError> {
  if (PipewrightError.isInstance(error)) {
    const { field } = error.details
    if (error.code !== 'CONFIG_INVALID' || typeof field !== 'string') return error
    const [message = ''] = error.message.split('\nFix: ')
    const line = lineOfField(config, field.replaceAll("'", ''))
    // Checked by `defineConfig` or here: the place is the file all the same.
    const what = message.slice(message.indexOf(': ') + 2)
    return new PipewrightError(
      'CONFIG_INVALID',
      `${config}${line === undefined ? '' : `:${line}`}: ${what}`,
      {
        ...(error.fix === undefined ? {} : { fix: error.fix }),
        details: { ...error.details, file: config, line: line ?? null },
        cause: error,
      },
    )
  }
  const place = await errorPlace(error, config)
  const text = error instanceof Error ? headline(error.message) : String(error)
  return new PipewrightError(
    'CONFIG_INVALID',
    `${config} cannot be loaded: ${text}${place === undefined ? '' : `\n  at ${place}`}`,
    { fix: 'mend the error in the file', details: { file: config }, cause: error },
  )
}
