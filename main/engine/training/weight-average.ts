/** The exponential moving average of the weights (Polyak & Juditsky 1992; Izmailov et al. 2018 on why it generalises). */

/** The decay at a step: min(ema, (1 + t)/(10 + t)), so that the first weights are soon forgotten. @param step from 1 */
export const averageDecay = (ema: number, step: number): number => Math.min(ema, (1 + step) / (10 + step))

/** average ← d·average + (1 − d)·values, in place. */
export function updateAverage(
  average: readonly Float32Array[],
  values: readonly Float32Array[],
  ema: number,
  step: number
): void {
  const share = 1 - averageDecay(ema, step)
  average.forEach((mean, place) => {
    const current = values[place]!
    for (let index = 0; index < mean.length; index++) mean[index]! += share * (current[index]! - mean[index]!)
  })
}
