/** The gap between training and validation widens while the validation loss rises. */
import type { Repair } from '@shared/domain/finding'
import type { Detector } from './detector'
import { excess, rounded, settingsOf, type EpochFigure, type Recent } from './recent'

/** Times of its lowest value that the validation loss has to have reached in each of the last epochs, and nats above it. */
const RISEN = 1.1
const RISEN_NATS = 0.05
const STILL_RISEN = 1.04
const FAR_RISEN = 1.3
/** Epochs after the best one before a rise counts, and that have to agree. */
const AFTER_BEST = 3
const AGREE = 2
/** Share by which the training loss has to have fallen meanwhile. */
const LEARNED = 0.02

export const overfitting: Detector = (recent, standing) => {
  const { epochs } = recent
  if (epochs.length <= AFTER_BEST) return null
  const best = epochs.reduce((low, epoch) => (epoch.validationLoss < low.validationLoss ? epoch : low))
  const last = epochs.at(-1)!
  if (last.epoch - best.epoch < AFTER_BEST) return null
  const limit = standing
    ? best.validationLoss * STILL_RISEN
    : Math.max(best.validationLoss * RISEN, best.validationLoss + RISEN_NATS)
  if (epochs.slice(-AGREE).some(({ validationLoss }) => validationLoss < limit)) return null
  if (last.trainLoss === null || best.trainLoss === null) return null
  if (last.trainLoss > best.trainLoss * (1 - LEARNED)) return null
  // Worse than guessing on its own pictures, it has learned nothing by heart.
  if (excess(recent, last.trainLoss) > 1) return null
  return finding(recent, best, last)
}

function finding(recent: Recent, best: EpochFigure, last: EpochFigure): ReturnType<Detector> {
  const kept = recent.config.earlyStopping.restoreBest
  const far = last.validationLoss > FAR_RISEN * best.validationLoss
  const repair = repairOf(recent)
  return {
    code: 'training/overfitting',
    severity: kept ? (far ? 'warning' : 'info') : far ? 'severe' : 'warning',
    title: `It learns its pictures by heart since epoch ${best.epoch}.`,
    evidence: `Validation loss ${best.validationLoss.toFixed(3)} → ${last.validationLoss.toFixed(3)}, training loss ${best.trainLoss!.toFixed(3)} → ${last.trainLoss!.toFixed(3)}.`,
    advice: kept
      ? `Stop it: epoch ${best.epoch} is kept${repair ? ', and a firmer regularisation may go further from there' : ''}.`
      : 'Keep the best epoch, not the last.',
    ...(repair && { repair })
  }
}

function repairOf(recent: Recent): Repair | null {
  const { earlyStopping } = recent.config
  if (!earlyStopping.restoreBest)
    return {
      label: 'Keep the best epoch',
      changes: { 'earlyStopping.enabled': true, 'earlyStopping.restoreBest': true }
    }
  const { prefix, settings } = settingsOf(recent)
  const wanted = recent.phase === 'head' ? 0.5 : 0.3
  if (settings.dropout < wanted) return { label: `Dropout ${wanted}`, changes: { [`${prefix}.dropout`]: wanted } }
  const decay = rounded(Math.min(1, Math.max(0.1, settings.weightDecay * 3)))
  if (settings.optimizer === 'adam' || decay <= settings.weightDecay) return null
  return { label: `Weight decay ${decay}`, changes: { [`${prefix}.weightDecay`]: decay } }
}
