/** Which end of a series is its best. */

/** Parts of the names of what should be high, whoever named it. */
const HIGHER =
  /(^|[^a-z])(acc|accuracy|auc|auroc|f1|f-?score|precision|recall|iou|map|ap|r2|score|psnr|ssim|bleu)($|[^a-z])|per_second/iu

/** Losses, errors, times and whatever is unknown should be low. */
export const isHigherBetter = (series: string): boolean => HIGHER.test(separated(series))

/** `macroF1` and `topKAccuracy` in parts, as `macro_F1` and `top_K_Accuracy`. */
const separated = (name: string): string => name.replace(/([a-z0-9])([A-Z])/gu, '$1_$2')

/** The series whose lowest value makes a step the best one, the first of these that a run has. */
export const BEST_STEP_SERIES = [
  'validation_loss',
  'val_loss',
  'valid_loss',
  'eval_loss',
  'validation/loss',
  'val/loss',
  'valid/loss',
  'eval/loss'
]
