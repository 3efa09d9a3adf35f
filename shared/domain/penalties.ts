/** The penalties that a sweep of logistic regressions tries. */

const COUNT = 45
const [LEAST, MOST] = [-6, 5]

/**
 * 45 values from 1e5 down to 1e-6, evenly spaced by their logarithm: the range of Kornblith, Shlens & Le 2019
 * (https://arxiv.org/abs/1805.08974). The strongest comes first: its optimum is nearest to zero, and each is a good place to
 * start for the next.
 */
export const PENALTIES: readonly number[] = Array.from(
  { length: COUNT },
  (_, index) => 10 ** (MOST - ((MOST - LEAST) * index) / (COUNT - 1))
)
