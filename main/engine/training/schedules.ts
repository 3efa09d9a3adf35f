/** Learning rate by step, and by how validation goes where the schedule is `plateau`. */
import { rateAt, type ScheduleConfig } from '@shared/domain/schedule'

export interface Schedule {
  /** @param step counted from 0 */
  (step: number): number
  /** To be told every epoch's validation loss; only `plateau` listens. */
  observe(validationLoss: number): void
  /** Everything that is not in the configuration, as JSON. */
  state(): PlateauState
  restore(state: PlateauState): void
}

interface PlateauState {
  /** Times that the rate was divided by ten. */
  cuts: number
  /** Epochs since the lowest loss. */
  waited: number
  /** Null before the first epoch. */
  lowest: number | null
}

/** Epochs that a plateau lasts before the rate falls: early stopping's default patience leaves room for two falls. */
const PLATEAU_EPOCHS = 4
/** How much lower a loss has to be to count, as Keras' ReduceLROnPlateau has it. */
const PLATEAU_DELTA = 1e-4

/**
 * See `rateAt` for each schedule's course. `plateau` divides the rate by ten after four epochs in a row whose validation loss
 * is not lower than the lowest by at least 1e-4, then waits anew.
 */
export function createSchedule(config: ScheduleConfig, totalSteps: number): Schedule {
  let plateau: PlateauState = { cuts: 0, waited: 0, lowest: null }
  const rate = (step: number): number => rateAt(config, step, totalSteps) / 10 ** plateau.cuts
  return Object.assign(rate, {
    observe(validationLoss: number): void {
      if (config.schedule === 'plateau') plateau = afterEpoch(plateau, validationLoss)
    },
    state: () => ({ ...plateau }),
    restore: (state: PlateauState) => void (plateau = { ...state })
  })
}

function afterEpoch({ cuts, waited, lowest }: PlateauState, loss: number): PlateauState {
  if (lowest === null || loss < lowest - PLATEAU_DELTA) return { cuts, waited: 0, lowest: loss }
  if (waited + 1 < PLATEAU_EPOCHS) return { cuts, waited: waited + 1, lowest }
  return { cuts: cuts + 1, waited: 0, lowest }
}
