/** The built-in architectures. */
import { StudioError } from '@shared/errors'
import type { Architecture } from './architecture'
import { convNextTiny } from './convnext'
import { efficientNet } from './efficientnet'
import { efficientNetLite } from './efficientnet-lite'
import { efficientNetV2B0 } from './efficientnet-v2'
import { mobileNetV1 } from './mobilenet-v1'
import { mobileNetV2 } from './mobilenet-v2'
import { mobileNetV3 } from './mobilenet-v3'
import { resNet50, resNet50V2 } from './resnet'

export type { Architecture } from './architecture'
export { randomWeights, type WeightSource } from './weights'

/** In the widths for which weights are published. */
export const ARCHITECTURES: readonly Architecture[] = [
  ...(['lite0', 'lite1', 'lite2'] as const).map(efficientNetLite),
  ...[0.35, 0.5, 0.75, 1, 1.3, 1.4].map(mobileNetV2),
  ...(['small', 'large'] as const).flatMap((form) => [
    mobileNetV3({ form, alpha: 0.75, minimalistic: false }),
    mobileNetV3({ form, alpha: 1, minimalistic: false }),
    mobileNetV3({ form, alpha: 1, minimalistic: true })
  ]),
  resNet50,
  resNet50V2,
  ...(['b0', 'b1', 'b2', 'b3'] as const).map(efficientNet),
  ...[0.25, 0.5, 0.75, 1].map(mobileNetV1),
  efficientNetV2B0,
  convNextTiny
]

/** @throws StudioError backbone/not-found */
export function architectureOf(id: string): Architecture {
  const found = ARCHITECTURES.find((architecture) => architecture.id === id)
  if (!found) throw new StudioError('backbone/not-found', `There is no architecture '${id}'.`, { id })
  return found
}
