/** What the head reads: features, or class scores of another task; and where its loss begins. */
import { meanCrossEntropy } from '@shared/statistics/classification'
import { scoresOf } from '../../training/backbone-top'
import { openHeadSessions, shapeOfHead } from '../../training/head-sessions'
import { startingHead } from '../../training/head-initial'
import { untrainedHead } from '../../training/untrained-head'
import { found, passed, type Check, type CheckResult } from '../check'
import type { Examination } from '../examination'
import { crossValidate, shareOf } from '../quick-head'
import { areProbabilities } from '../transform-trial'

/** Points of accuracy that a head on scores may lose before it is a fault and not a choice. */
const LOST = 0.05
/** Times ln K from which a beginning is worse than knowing nothing. */
const BAD_BEGINNING = 1.5
/** Widths of ImageNet's class scores; with a class of its own for the background in Google's first models. */
const IMAGENET = [1000, 1001]

export const topCheck: Check = {
  code: 'training/logits',
  phase: 'Looking at what the head reads',
  run: async (examination) => [await inputCheck(examination), await beginning(examination)]
}

async function inputCheck(examination: Examination): Promise<CheckResult> {
  const { config, classes } = examination
  const features = await examination.features()
  const row = features.values.subarray(0, features.width)
  if (areProbabilities(row)) {
    return found('training/logits', {
      severity: 'severe',
      weight: 25,
      title: `What the head reads are probabilities of ${features.width} classes, not features: the model was brought in with its softmax.`,
      evidence: { text: `Rows sum to 1, and none of their values is below 0.${background(features.width)}`, value: 1 },
      repair: null
    })
  }
  if (config.head.input !== 'logits') {
    const scores = IMAGENET.includes(features.width)
    if (!scores) return passed('training/logits', `The head reads ${features.width} features.`)
    return found('training/logits', {
      severity: 'warning',
      weight: 6,
      title: `The head reads ${features.width} values: the class scores of another task, it seems, and not the features before them.`,
      evidence: {
        text: `As wide as ImageNet's classes.${background(features.width)} The features say more.`,
        value: features.width
      },
      repair: null
    })
  }
  const top = await examination.top()
  if (!top) return passed('training/logits', 'The backbone has no class scores.')
  const runtime = examination.headRuntime()
  const scores = await scoresOf(runtime, features, top)
  const [onFeatures, onScores] = [
    shareOf(await crossValidate(runtime, features, classes.length, config.seed)),
    shareOf(await crossValidate(runtime, scores, classes.length, config.seed))
  ]
  const lost = onFeatures - onScores
  return found('training/logits', {
    severity: lost > LOST ? 'severe' : 'warning',
    weight: 7 + Math.max(0, 100 * lost),
    title: `The head is put on the scores of the backbone's own ${top.classes} classes, not on its features.`,
    evidence: {
      text:
        `A quick head on the sample is right in ${percent(onScores)} on the scores, in ${percent(onFeatures)} on the ` +
        `${features.width} features.${background(top.classes)}`,
      value: onScores,
      expected: onFeatures
    },
    repair: { label: 'Read the features', changes: { 'head.input': 'features', 'head.scaling': 'center' } }
  })
}

const background = (width: number): string => (width === 1001 ? ' One of the 1,001 stands for the background.' : '')

/** Loss of the first batch, before any step. */
async function beginning(examination: Examination): Promise<CheckResult> {
  const { config, classes } = examination
  const { fit } = await examination.headInputs()
  const fineTuned = config.mode === 'finetune' && !config.fineTune.headFirst
  const train = fineTuned ? await examination.features() : fit
  const head = fineTuned
    ? untrainedHead(train, classes.length, config)
    : startingHead({ train, classes: classes.length, config })
  const sessions = await openHeadSessions(examination.headRuntime(), shapeOfHead(head))
  try {
    const probabilities = await sessions.predict(head, train.values)
    const loss = meanCrossEntropy(probabilities, train.labels, classes.length)
    const chance = Math.log(classes.length)
    const text = `The first loss is ${loss.toFixed(2)} nats; equal odds for ${classes.length} classes give ln ${classes.length} = ${chance.toFixed(2)}.`
    if (loss <= BAD_BEGINNING * chance) return passed('training/initial-loss', text)
    return found('training/initial-loss', {
      severity: 'warning',
      weight: 5,
      title: 'Training begins worse than a guess: what the head reads is larger than its first weights allow for.',
      evidence: { text, value: loss, expected: chance },
      repair: { label: 'Train the head first', changes: { 'fineTune.headFirst': true } }
    })
  } finally {
    await sessions.dispose()
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`
