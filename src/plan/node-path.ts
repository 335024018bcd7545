/** What names an item of a map, or a round of a loop, in a path: `[3]`, `["eu"]`. */
const item = /\[(?:\d+|"[^\]]*")\]/g

/** How the item of a map is written in the path of a node; what builds paths is escaped in a key. */
export function itemName(item: number | string): string {
  if (typeof item === 'number') return String(item)
  return JSON.stringify(item).replaceAll(
    /[/[\]\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The key, or the number, behind what a path names an item by. */
export function itemOfName(name: string): number | string {
  return name.startsWith('"') ? (JSON.parse(name) as string) : Number(name)
}

/** The path of a node in the plan: without the items of maps and the rounds of loops. */
export function planPath(path: string): string {
  return path.includes('[') ? path.replaceAll(item, '') : path
}

/** The pattern of a path: `trials[3]/train` is one of `trials[]/train`. */
export function patternOf(path: string): string {
  return path.includes('[') ? path.replaceAll(item, '[]') : path
}

/** The items that a path goes through, the outermost first, each with the path of its map. */
export function itemsIn(path: string): readonly { readonly map: string; readonly name: string }[] {
  return [...path.matchAll(item)].map(({ 0: text, index }) => ({
    map: path.slice(0, index),
    name: text.slice(1, -1),
  }))
}

/** The segments of a path: the ids of nodes with the item that the path goes on through, and the names of branches. */
export function segmentsOf(
  path: string,
): readonly { readonly id: string; readonly item: string | undefined }[] {
  return path.split('/').map((segment) => {
    const bracket = segment.indexOf('[')
    return bracket === -1
      ? { id: segment, item: undefined }
      : { id: segment.slice(0, bracket), item: segment.slice(bracket + 1, -1) }
  })
}
