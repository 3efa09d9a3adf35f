/** A place on a curve; y is NaN in a gap. */
export interface Point {
  x: number
  y: number
}
