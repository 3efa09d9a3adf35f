/** Grad-CAM on a feature map: Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391. */

/** Cells over what the network saw, row after row; 0 where nothing speaks for the class. */
export interface HeatGrid {
  width: number
  height: number
  cells: Float32Array
}

/**
 * ReLU of Σ αₖ·Aₖ, with αₖ the gradient of channel k summed over the places rather than averaged: a cell is then what the score
 * would be, less the biases, if the whole map were like that place, whatever the map's size.
 * @param map [height, width, channels] @param gradient of the class's score before the softmax, shaped alike
 */
export function gradCam(
  map: Float32Array,
  gradient: Float64Array,
  [height, width, channels]: readonly [number, number, number]
): HeatGrid {
  const weights = new Float64Array(channels)
  gradient.forEach((value, index) => (weights[index % channels]! += value))
  const cells = Float32Array.from({ length: height * width }, (_, place) => {
    let total = 0
    for (let channel = 0; channel < channels; channel++) total += weights[channel]! * map[place * channels + channel]!
    return Math.max(0, total)
  })
  return { width, height, cells }
}
