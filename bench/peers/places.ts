import { fileURLToPath } from 'node:url'

/** This folder. */
export const here = fileURLToPath(new URL('.', import.meta.url))
export const project = fileURLToPath(new URL('../../', import.meta.url))
/** Environments and state of peers, ignored by git. */
export const cache = fileURLToPath(new URL('../../.peers/', import.meta.url))
