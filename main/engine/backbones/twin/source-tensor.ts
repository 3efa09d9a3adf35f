/** A tensor of a file whose weights are to be matched onto a built-in architecture. */
export interface SourceTensor {
  /** As the file names it: 'Conv1/kernel', 'layer_with_weights-0/kernel', 'MobilenetV2/Conv/BatchNorm/gamma' … */
  name: string
  shape: readonly number[]
  /** @throws StudioError backbone/corrupt */
  floats(): Promise<Float32Array>
}
