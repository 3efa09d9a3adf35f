/** What can be done to a training picture, as data: drawn in one place (draw.ts), done in another (apply.ts), told in a third. */

/** Changes of where a pixel is looked up. All of a plan's become one affine warp. */
export type GeometricStep =
  /** Left and right change places. */
  | { op: 'flip' }
  /** Of the square's centre over the picture, as shares of its side. */
  | { op: 'shift'; x: number; y: number }
  /** Side of the square as a multiple of the output's: above 1 shows more of the picture, smaller. */
  | { op: 'zoom'; factor: number }
  /** Of what is seen, clockwise, about the centre. */
  | { op: 'rotate'; degrees: number }
  /** Pixels that a row moves to the left per row below the centre, and a column up per column right of it. */
  | { op: 'shear'; x: number; y: number }

/** Changes of the pixels' values, one pass each, in the order given. */
export type PixelStep =
  /** Towards black (below 1) or brighter. */
  | { op: 'brightness'; factor: number }
  /** Away from the picture's mean grey (above 1) or towards it. */
  | { op: 'contrast'; factor: number }
  /** Away from each pixel's own grey (above 1) or towards it. */
  | { op: 'saturation'; factor: number }
  /** Hues turned by this share of the colour circle, in HSV. */
  | { op: 'hue'; turn: number }
  | { op: 'grayscale' }
  /** Away from the smoothed picture (above 1) or towards it. */
  | { op: 'sharpness'; factor: number }
  /** Keeps the highest bits of each value, 1–8. */
  | { op: 'posterize'; bits: number }
  /** Inverts values from the threshold on. */
  | { op: 'solarize'; threshold: number }
  /** Stretches each channel over 0–255. */
  | { op: 'autocontrast' }
  /** Flattens each channel's histogram. */
  | { op: 'equalize' }
  /** Gaussian, pixels. */
  | { op: 'blur'; sigma: number }
  /** Gaussian, on each value by itself; the standard deviation in values of 0–255. */
  | { op: 'noise'; deviation: number; seed: number }
  /** A grey square, pixels of the output; it may reach over the edge. */
  | { op: 'cutout'; left: number; top: number; side: number }

export type AugmentStep = GeometricStep | PixelStep

const GEOMETRIC: ReadonlySet<string> = new Set<GeometricStep['op']>(['flip', 'shift', 'zoom', 'rotate', 'shear'])

export const isGeometric = (step: AugmentStep): step is GeometricStep => GEOMETRIC.has(step.op)
