import type { MetadataStore } from '../../record/metadata.ts'
import type { TieredReader } from '../blobs.ts'
import { errorRecord } from '../error-record.ts'
import type { ExecutionMemory } from '../memory.ts'
import type { MemoryAnswer, MemoryQuestion } from './protocol.ts'
import { fromSmallBlobs, smallBlobsOf } from './small-blobs.ts'

/** What answering takes. */
export interface AnswerServices {
  readonly memory: ExecutionMemory
  readonly metadata: Pick<MetadataStore, 'blob'>
  readonly reader: TieredReader
}

/** Answers what the child of an attempt asks its memory. */
export async function memoryAnswer(
  number: number,
  asked: MemoryQuestion,
  services: AnswerServices,
): Promise<MemoryAnswer> {
  try {
    return { type: 'memory', number, ...(await answered(asked, services)) }
  } catch (error) {
    return { type: 'memory', number, error: errorRecord(error) }
  }
}

async function answered(
  asked: MemoryQuestion,
  { memory, metadata, reader }: AnswerServices,
): Promise<Omit<Exclude<MemoryAnswer, { readonly error: unknown }>, 'type' | 'number'>> {
  switch (asked.type) {
    case 'recall': {
      const call = await memory.recall(asked.idempotencyKey)
      return call === undefined ? {} : { call }
    }
    case 'keep':
      await memory.keep(asked.call)
      return {}
    case 'checkpoint': {
      const artifact = await memory.checkpoint()
      if (artifact === undefined) return {}
      return { artifact, small: await smallBlobsOf({ checkpoint: { artifact } }, metadata, reader) }
    }
    case 'save': {
      const blobs = fromSmallBlobs(asked.small)
      for (const { digest, bytes } of blobs) reader.remember(digest, bytes)
      await memory.save(asked.artifact, blobs)
      return {}
    }
  }
}
