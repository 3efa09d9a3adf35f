/** Kernels as eight-bit integers, one scale for each output channel (Krishnamoorthi 2018, https://arxiv.org/abs/1806.08342). */

export interface QuantizedKernel {
  /** Symmetric: real = scale · integer. */
  values: Int8Array
  /** Of each output channel. */
  scales: Float32Array
}

/**
 * @param kernel [outputs, …], each output's values next to each other
 * @param largest integer of a kernel: 127, or 64 where the processor adds two products of a byte and a kernel's integer in 16
 *   bits before it goes on in 32, which 127 would overflow
 */
export function quantizeKernel(kernel: Float32Array, outputs: number, largest: number): QuantizedKernel {
  const size = kernel.length / outputs
  const values = new Int8Array(kernel.length)
  const scales = new Float32Array(outputs)
  for (let output = 0; output < outputs; output++) {
    const row = kernel.subarray(output * size, (output + 1) * size)
    const peak = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const scale = Math.fround(peak > 0 ? peak / largest : 1)
    scales[output] = scale
    row.forEach((value, index) => {
      values[output * size + index] = Math.max(-largest, Math.min(largest, Math.round(value / scale)))
    })
  }
  return { values, scales }
}

/**
 * What rounding the kernel takes from each output on average, to be given back in the bias (Nagel et al. 2019,
 * https://arxiv.org/abs/1906.04721, section 4.2): Σ (kernel − rounded) · mean input.
 * @param kernel [outputs, inputs, …]
 * @param means of the input's channels; of a depthwise convolution, whose `inputs` is 1, output o reads channel
 *   ⌊o · channels / outputs⌋
 */
export function lostToRounding(
  kernel: Float32Array,
  shape: readonly number[],
  { values, scales }: QuantizedKernel,
  means: Float32Array
): Float32Array {
  const [outputs, inputs] = shape as [number, number]
  const taps = kernel.length / (outputs * inputs)
  const depthwise = inputs !== means.length
  return Float32Array.from({ length: outputs }, (_, output) => {
    let sum = 0
    for (let input = 0; input < inputs; input++) {
      const start = (output * inputs + input) * taps
      let lost = 0
      for (let tap = start; tap < start + taps; tap++) lost += kernel[tap]! - values[tap]! * scales[output]!
      sum += lost * means[depthwise ? Math.floor((output * means.length) / outputs) : input]!
    }
    return sum
  })
}

/** @param scales of what it is added to: input scale × kernel scale, for each channel */
export function quantizeBias(bias: Float32Array, scales: Float32Array): Int32Array {
  const limit = 2 ** 31 - 1
  return Int32Array.from(bias, (value, output) =>
    Math.max(-limit, Math.min(limit, Math.round(value / scales[output]!)))
  )
}
