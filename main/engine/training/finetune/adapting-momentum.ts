/** How fast the moving statistics of batch-norm follow the batches where they adapt. */

/** max(1 − 10/n, 0.9): an epoch is long enough for the statistics to arrive, and a short one not dominated by its last batch. */
export const adaptingMomentum = (batchesPerEpoch: number): number => Math.max(1 - 10 / batchesPerEpoch, 0.9)
