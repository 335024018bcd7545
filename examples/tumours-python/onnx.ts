import { InferenceSession, Tensor } from 'onnxruntime-web'

/** The probability of the second class for each vector, as a classifier in ONNX tells it. */
export async function scoresOf(model: Uint8Array, vectors: readonly number[][]): Promise<number[]> {
  const session = await InferenceSession.create(model)
  try {
    const width = vectors[0]?.length ?? 0
    const input = new Tensor('float32', Float32Array.from(vectors.flat()), [vectors.length, width])
    const { probabilities } = await session.run({ [session.inputNames[0]!]: input })
    const data = (await probabilities!.getData()) as Float32Array
    return vectors.map((_, index) => data[index * 2 + 1]!)
  } finally {
    await session.release()
  }
}
