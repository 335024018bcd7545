import { PipewrightError } from '../internal/error.ts'

/**
 * Checks a name that will be part of paths, keys and messages. Any text is a name but the empty one, one
 * longer than 200 characters, and one with `/`, `[`, `]` or a control character: those build paths.
 */
export function checkName(what: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '' || name.length > 200) {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `a ${what} needs a name of 1 to 200 characters, not ${typeof name === 'string' ? JSON.stringify(name) : name === null ? 'null' : typeof name}`,
      {
        fix: `give name: 'train-model' or the like`,
      },
    )
  }
  // oxlint-disable-next-line no-control-regex -- control characters are what is being refused
  const bad = /[/[\]\u0000-\u001f\u007f-\u009f]|^__proto__$/.exec(name)
  if (bad !== null) {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `the ${what} name ${JSON.stringify(name)} holds ${JSON.stringify(bad[0])}`,
      {
        fix: 'leave out slashes, square brackets and control characters: node paths are built with them',
      },
    )
  }
}
