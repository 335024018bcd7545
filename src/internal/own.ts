/** The member of a record by a name that a user chose; `constructor` and what else all objects inherit is none. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
