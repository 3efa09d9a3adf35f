/** How alike two ways of computing the same features are. */

/** Mean cosine between the rows of both, the mean row of `first` taken off: 1 for equal ones. */
export function likeness(first: readonly Float32Array[], second: readonly Float32Array[]): number {
  const mean = first[0]!.map((_, column) => first.reduce((sum, row) => sum + row[column]!, 0) / first.length)
  // A single row is its own mean.
  const centre = first.length > 1 ? mean : mean.fill(0)
  const cosines = first.map((row, index) => cosine(row, second[index]!, centre))
  return cosines.reduce((sum, value) => sum + value, 0) / cosines.length
}

function cosine(a: Float32Array, b: Float32Array, centre: Float32Array): number {
  let [product, squaresA, squaresB] = [0, 0, 0]
  for (let index = 0; index < a.length; index++) {
    const [x, y] = [a[index]! - centre[index]!, b[index]! - centre[index]!]
    product += x * y
    squaresA += x * x
    squaresB += y * y
  }
  return squaresA + squaresB === 0 ? 1 : product / Math.sqrt(squaresA * squaresB || 1)
}
