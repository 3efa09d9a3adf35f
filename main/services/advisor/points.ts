/** The points of the picture, out of what the trials so far gave. Pure. */
import type { AdvicePoint, AdviceStage } from '@shared/domain/advice'
import type { Backbone, ExecutorId } from '@shared/domain/backbone'
import { wilsonInterval } from '@shared/statistics/intervals'
import { frontierOf, gainOf, shareOf, type Trialled } from './frontier'

/** A backbone and what is known of it so far. */
export interface Candidate {
  backbone: Pick<Backbone, 'id' | 'name' | 'parameters' | 'contract'>
  speed: { msPerImage: number; executor: ExecutorId } | null
  /** Of each test image of the stage, 1 where it was right; null: not tried there. */
  screened: Uint8Array | null
  confirmed: Uint8Array | null
  running: boolean
  error: string | null
}

export interface Answer {
  points: AdvicePoint[]
  /** Of the same stage as the most accurate one; fastest first. */
  frontier: Trialled[]
}

/**
 * The frontier is drawn among the confirmed ones as soon as there are any: with a part of the pictures a head learns less, so that
 * the two stages do not compare.
 */
export function answerOf(candidates: readonly Candidate[]): Answer {
  const of = (stage: 'screened' | 'confirmed'): Trialled[] =>
    candidates.flatMap((candidate) => {
      const correct = candidate[stage]
      if (!correct || !candidate.speed) return []
      return [{ backboneId: candidate.backbone.id, msPerImage: candidate.speed.msPerImage, correct }]
    })
  const confirmed = of('confirmed')
  const stage = confirmed.length > 0 ? confirmed : of('screened')
  const frontier = frontierOf(stage)
  const best = frontier.at(-1) ?? null
  const points = candidates.map((candidate): AdvicePoint => {
    const { backbone, speed, error } = candidate
    const { id: backboneId, name, parameters, contract } = backbone
    const correct = candidate.confirmed ?? candidate.screened
    const own = stage.find((one) => one.backboneId === backboneId)
    return {
      backboneId,
      name,
      size: contract.size,
      parameters,
      stage: stageOf(candidate),
      accuracy: correct && accuracyOf(correct),
      testImages: correct?.length ?? 0,
      msPerImage: speed?.msPerImage ?? null,
      executor: speed?.executor ?? null,
      frontier: frontier.some((one) => one.backboneId === backboneId),
      loss: own && best && own !== best ? lossOf(best, own) : null,
      error
    }
  })
  const last = Number.MAX_VALUE
  points.sort((a, b) => (a.msPerImage ?? last) - (b.msPerImage ?? last) || a.name.localeCompare(b.name))
  return { points, frontier }
}

function stageOf({ error, running, confirmed, screened }: Candidate): AdviceStage {
  if (running) return 'running'
  if (confirmed) return 'confirmed'
  if (screened) return 'screened'
  return error ? 'failed' : 'waiting'
}

function accuracyOf(correct: Uint8Array): AdvicePoint['accuracy'] {
  const value = shareOf(correct)
  const [low, high] = wilsonInterval(Math.round(value * correct.length), correct.length)
  return { value, low, high }
}

export function lossOf(best: Trialled, other: Trialled): NonNullable<AdvicePoint['loss']> {
  const { difference, low, high } = gainOf(other, best)
  return { value: difference, low, high, speedup: best.msPerImage / other.msPerImage }
}
