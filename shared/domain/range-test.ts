/**
 * The learning rate range test (Smith 2017, https://arxiv.org/abs/1506.01186): the rate climbs from step to step until the loss
 * runs away, and the curve shows where learning begins, and where it ends.
 */
import { z } from 'zod'

export const rangeTestSchema = z.object({
  /** In the order of the steps; the loss is smoothed, nats. */
  points: z.array(z.object({ rate: z.number(), loss: z.number() })),
  /** Where to train; null while there are too few points, or nothing to go by. */
  suggested: z.number().nullable(),
  /**
   * What `suggested` is. `valley`: the middle of the longest way down. `ceiling`: of a network that is trained already, whose
   * curve is flat until it turns up, a tenth of the rate at which it does.
   */
  basis: z.enum(['valley', 'ceiling']).nullable(),
  /** Where the loss falls fastest. */
  steepest: z.number().nullable(),
  /** Rate at which the loss was four times its lowest, or no number; null: it never was. */
  stoppedAt: z.number().nullable()
})
export type RangeTest = z.infer<typeof rangeTestSchema>

export const rangeTestEventSchema = z.object({
  /** What is going on, in a few words. */
  phase: z.string(),
  done: z.int(),
  total: z.int(),
  /** As far as it has come. */
  test: rangeTestSchema,
  finished: z.boolean()
})
export type RangeTestEvent = z.infer<typeof rangeTestEventSchema>
