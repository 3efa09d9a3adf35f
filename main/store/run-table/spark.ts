/** The shape of a series in a few numbers, kept while its points arrive: means of as many points each, from the first to the last. */

/** As many as a spark shows. */
const MOST = 40

export interface Spark {
  /** Points in each mean. */
  stride: number
  means: number[]
  /** Of the points after the last mean. */
  pendingSum: number
  pendingCount: number
}

export const emptySpark = (): Spark => ({ stride: 1, means: [], pendingSum: 0, pendingCount: 0 })

/** Changes `spark`. Once it is full, neighbours are merged, and each mean stands for twice as many points. */
export function addToSpark(spark: Spark, value: number): void {
  if (spark.pendingCount === 0 && spark.means.length === MOST) {
    spark.means = Array.from(
      { length: MOST / 2 },
      (_, place) => (spark.means[2 * place]! + spark.means[2 * place + 1]!) / 2
    )
    spark.stride *= 2
  }
  spark.pendingSum += value
  spark.pendingCount++
  if (spark.pendingCount < spark.stride) return
  spark.means.push(spark.pendingSum / spark.pendingCount)
  spark.pendingSum = spark.pendingCount = 0
}

/** At most 40, with the mean of what is pending at the end. */
export function sparkValues({ means, pendingSum, pendingCount }: Spark): number[] {
  return (pendingCount === 0 ? means : [...means, pendingSum / pendingCount]).map(short)
}

/** Stored as float32: more digits than these would be noise. */
const short = (value: number): number => Number(value.toPrecision(6))

/** Little-endian float32, like every machine that the studio runs on. */
export const packMeans = ({ means }: Spark): Uint8Array => new Uint8Array(Float32Array.from(means).buffer)

export const unpackMeans = (blob: Uint8Array): number[] =>
  // Copied: the driver's bytes need not begin where a float may.
  Array.from(new Float32Array(Uint8Array.from(blob).buffer))
