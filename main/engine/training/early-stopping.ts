/** Which epoch was the best, and when to give up waiting for a better one. */
import type { TrainingConfig } from '@shared/domain/training-config'
import type { BestEpoch } from './finetune-contract'

type Settings = TrainingConfig['earlyStopping']

/** Lowest validation loss wins; the earlier of equals. */
export class EarlyStopping {
  /** Null before the first epoch. */
  best: BestEpoch | null

  /** @param start an epoch 0 that has to be beaten, if there is one */
  constructor(
    private readonly settings: Settings,
    start: BestEpoch | null = null
  ) {
    this.best = start
  }

  /** @returns whether this epoch is the best so far, and whether training should end now. */
  update(candidate: BestEpoch): { improved: boolean; exhausted: boolean } {
    const improved = this.best === null || candidate.validationLoss < this.best.validationLoss
    if (improved) this.best = candidate
    const waited = candidate.epoch - (this.best?.epoch ?? 0)
    return { improved, exhausted: this.settings.enabled && waited >= this.settings.patience }
  }
}
