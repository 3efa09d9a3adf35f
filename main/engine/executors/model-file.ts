/** What models in foreign forms have in common once they run: batches of a fixed size, and outputs of whatever shape. */
import { StudioError } from '@shared/errors'
import type { ModelFile } from './executor'

/**
 * [width] of the features, from the shape of what came out for a batch: [batch, width], or a map that is pooled already.
 * @throws StudioError backbone/unsupported-layer
 */
export function featuresShape({ name, ports }: ModelFile, shape: readonly number[]): [width: number] {
  const sides = shape.slice(1)
  const width = sides.reduce((product, side) => product * side, 1)
  if (sides.length > 0 && width > 0 && sides.filter((side) => side > 1).length <= 1) return [width]
  throw new StudioError(
    'backbone/unsupported-layer',
    `The output '${ports.output}' of '${name}' has the shape [${shape.join(', ')}]; features are [batch, width].`,
    { output: ports.output, shape: [...shape] }
  )
}

/**
 * Runs any number of inputs through what takes `batch` of them at a time; the last part is filled up with zeros.
 * @param size values of one input
 * @param width values of one output
 * @param batch null: any number at once
 */
export async function runInParts(
  values: Float32Array,
  count: number,
  size: number,
  width: number,
  batch: number | null,
  run: (part: Float32Array, count: number) => Promise<Float32Array>
): Promise<Float32Array> {
  if (values.length !== count * size) {
    throw new RangeError(`A batch of ${count} holds ${count * size} values, not ${values.length}`)
  }
  if (batch === null || batch === count) return run(values, count)
  const output = new Float32Array(count * width)
  for (let start = 0; start < count; start += batch) {
    const part = new Float32Array(batch * size)
    part.set(values.subarray(start * size, Math.min(start + batch, count) * size))
    const found = await run(part, batch)
    output.set(found.subarray(0, Math.min(batch, count - start) * width), start * width)
  }
  return output
}
