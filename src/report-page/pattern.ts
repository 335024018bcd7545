/** The pattern of a path: `trials[3]/train` is one of `trials[]/train`. */
export function patternOf(path: string): string {
  return path.includes('[') ? path.replaceAll(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, '[]') : path
}
