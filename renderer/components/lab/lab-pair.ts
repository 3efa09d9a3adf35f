/** The two sides of the lab: a backbone as a Hub module is used, and its Keras twin used well. Pure. */
import type { Backbone } from '@shared/domain/backbone'
import type { TrainingConfig } from '@shared/domain/training-config'

/** Weights that were never trained teach nothing about either. */
export const labBackbones = (backbones: readonly Backbone[]): Backbone[] =>
  backbones.filter(({ provenance }) => provenance?.how !== 'random')

/** Those that can stand for a Keras application: layers, which can be fine-tuned. */
export const twinChoices = (backbones: readonly Backbone[]): Backbone[] =>
  labBackbones(backbones).filter(({ form, trainable }) => form === 'graph' && trainable)

/**
 * The same network as layers: itself where it is that already, else the one of the same architecture, else of the same family and
 * width. Null: there is none here.
 */
export function twinOf(hub: Backbone, backbones: readonly Backbone[]): Backbone | null {
  const choices = twinChoices(backbones)
  const itself = choices.find(({ id }) => id === hub.id)
  if (itself) return itself
  const architecture = hub.provenance?.architecture ?? null
  const ways: ((backbone: Backbone) => boolean)[] = [
    ({ weightsHash }) => weightsHash === hub.weightsHash,
    ({ provenance }) => architecture !== null && provenance?.architecture === architecture,
    ({ family, featureWidth, contract }) =>
      family === hub.family && featureWidth === hub.featureWidth && contract.size === hub.contract.size
  ]
  for (const way of ways) {
    const found = choices.find(way)
    if (found) return found
  }
  return null
}

export function twinNote(hub: Backbone | null, twin: Backbone | null): string {
  if (!hub) return ''
  if (!twin) return 'No layers of the same network are here: the twin is another one, and the gap has that in it.'
  if (twin.id === hub.id) return 'It was read as layers, so it is its own twin: the same weights, used in two ways.'
  if (hub.form === 'graph') return 'Two different networks: the gap has that in it.'
  return `'${hub.name}' runs as it came, frozen; '${twin.name}' is the same network as layers.`
}

/** A frozen file has no class scores beside its features: the naive head then reads these. */
export function naiveFor(hub: Backbone, naive: TrainingConfig): TrainingConfig {
  return hub.form === 'graph' ? naive : { ...naive, head: { ...naive.head, input: 'features' } }
}

/** The three examples of the article, and where the doctor's findings on each belong. */
export const EXAMPLES = [
  {
    id: 'preprocessing',
    title: 'Preprocessing',
    naive: 'values divided by 255, nearest pixels, squashed to a square',
    correct: "the backbone's own contract: range, crop, antialiased resizing",
    causes: ['preprocessing']
  },
  {
    id: 'fine-tuning',
    title: 'Transfer learning',
    naive: 'a dense layer on the class scores of a frozen module, Adam at 0.01, nothing against overfitting',
    correct: 'a regularised head on the features, warm-up and cosine, the best epoch kept',
    causes: ['training', 'data']
  },
  {
    id: 'hardware',
    title: 'Size and hardware',
    naive: 'whatever model, on whatever computes',
    correct: 'the device in use is named, and what a smaller model would cost',
    causes: ['model', 'device']
  }
] as const
