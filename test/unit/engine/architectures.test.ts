import { describe, expect, it } from 'vitest'
import {
  architectureOf,
  ARCHITECTURES,
  randomWeights,
  type WeightSource
} from '../../../main/engine/backbones/architectures'
import { listBlocks, splitAtBlock } from '../../../main/engine/backbones/blocks'
import { featureExtractor } from '../../../main/engine/backbones/feature-extractor'
import { countMultiplyAdds, countParameters, hashWeights } from '../../../main/engine/backbones/measures'
import { interpret } from '../../../main/engine/backbones/reference'
import { inferShapes } from '../../../main/engine/backbones/shapes'
import { withInputSize } from '../../../main/engine/backbones/transforms'
import { preprocessingContractSchema } from '../../../shared/domain/preprocessing'
import { randomInput } from '../../fixtures/graphs'

const zeros: WeightSource = (_name, shape) => new Float32Array(shape.reduce((product, side) => product * side, 1))

/**
 * Parameters as https://keras.io/api/applications/ and `model.count_params()` have them; where the model normalises, without
 * the seven numbers of that layer. Multiply-adds in millions, from the papers: what they call FLOPs.
 */
const KNOWN: Record<string, [parameters: number, millionMultiplyAdds: number, featureWidth: number]> = {
  'mobilenet-1.00': [4_253_864, 569, 1024],
  'mobilenet-v2-1.00': [3_538_984, 300, 1280],
  'mobilenet-v2-1.40': [6_156_712, 582, 1792],
  'mobilenet-v3-small-1.00': [2_554_968, 56, 1024],
  'mobilenet-v3-large-1.00': [5_507_432, 219, 1280],
  resnet50: [25_636_712, 3_860, 2048],
  'resnet50-v2': [25_613_800, 3_480, 2048],
  'efficientnet-b0': [5_330_564, 390, 1280],
  'efficientnet-b1': [7_856_232, 700, 1280],
  'efficientnet-b3': [12_320_528, 1_800, 1536],
  'efficientnet-v2-b0': [7_200_312, 720, 1280],
  'convnext-tiny': [28_589_128, 4_470, 768]
}

describe('the catalogue', () => {
  it.each(Object.entries(KNOWN))('%s is as large as the original', (id, [parameters, millions, featureWidth]) => {
    const graph = architectureOf(id).build({ weights: zeros })
    expect(countParameters(graph)).toBe(parameters)
    expect(Math.abs(countMultiplyAdds(graph) / 1e6 / millions - 1)).toBeLessThan(0.02)
    const features = featureExtractor(graph)
    expect(inferShapes(features).get(features.output)).toEqual([featureWidth])
  })

  it.each(ARCHITECTURES.map((architecture) => [architecture.id, architecture] as const))('%s', (id, architecture) => {
    expect(id).toMatch(/^[a-z\d][\w.-]*$/)
    expect(preprocessingContractSchema.parse(architecture.contract)).toEqual(architecture.contract)
    const graph = architecture.build({ weights: zeros, classes: 7 })
    expect(inferShapes(graph).get(graph.output)).toEqual([7])
    const { size } = architecture.contract
    expect(graph.nodes[0]).toMatchObject({ op: 'input', height: size, width: size })
    const bare = architecture.build({ weights: zeros, classes: null })
    expect(inferShapes(bare).get(bare.output)).toHaveLength(1)
    const features = featureExtractor(withInputSize(graph, 96))
    expect(inferShapes(features).get(features.output)).toHaveLength(1)
    const blocks = listBlocks(features)
    expect(blocks.flatMap(({ nodes }) => nodes)).toEqual(features.nodes.slice(1).map(({ name }) => name))
    expect(new Set(blocks.map(({ name }) => name)).size).toBe(blocks.length)
    expect(blocks[0]!.name).toBe('stem')
    for (const { name } of blocks.slice(1)) expect(splitAtBlock(features, name).prefix).not.toBeNull()
  })

  it.each([
    ['mobilenet-0.25', 'block_1 … block_13'],
    ['mobilenet-v2-0.35', 'expanded_conv block_1 … block_16 head'],
    ['mobilenet-v3-large-0.75', 'expanded_conv expanded_conv_1 … expanded_conv_14 head'],
    ['efficientnet-lite1', 'b0 b1 … b20 head'],
    ['efficientnet-b0', 'block1a block2a … block7a head'],
    ['resnet50', 'conv2_block1 conv2_block2 … conv5_block3'],
    ['convnext-tiny', 'stage_0_block_0 stage_0_block_1 … stage_3_block_2']
  ])('%s has the blocks that its authors count', (id, expected) => {
    const [start, end] = expected.split(' … ').map((part) => part.split(' ')) as [string[], string[]]
    const names = listBlocks(featureExtractor(architectureOf(id).build({ weights: zeros }))).map(({ name }) => name)
    expect(names.slice(1, 1 + start.length)).toEqual(start)
    expect(names.slice(-end.length)).toEqual(end)
  })

  it.each(['mobilenet-0.25', 'mobilenet-v2-0.35', 'mobilenet-v3-small-0.75'])(
    '%s passes something on with random weights, the same for a seed',
    (id) => {
      const build = (seed: number) => architectureOf(id).build({ weights: randomWeights(seed), classes: 10, size: 32 })
      const [first, again, other] = [1, 1, 2].map((seed) => hashWeights(build(seed)))
      expect(first).toBe(again)
      expect(first).not.toBe(other)
      const largest = interpret(build(1), randomInput(32 * 32 * 3)).reduce((max, x) => Math.max(max, Math.abs(x)), 0)
      expect(largest).toBeGreaterThan(1e-3)
      expect(largest).toBeLessThan(1e3)
    },
    60_000
  )

  it('normalises as the published EfficientNets do, and as a file with true variances asks', () => {
    const affine = (variance: readonly number[]) => {
      const weights: WeightSource = (name, shape, initial) =>
        name === 'normalization/mean'
          ? Float32Array.of(0.485, 0.456, 0.406)
          : name === 'normalization/variance'
            ? Float32Array.from(variance)
            : zeros(name, shape, initial)
      return architectureOf('efficientnet-b0')
        .build({ weights })
        .nodes.find((node) => node.op === 'affine')!
    }
    const deviations = [0.229, 0.224, 0.225]
    for (const { scale, offset } of [affine(deviations), affine(deviations.map((value) => value ** 2))]) {
      deviations.forEach((value, channel) => expect(scale[channel]).toBeCloseTo(1 / (255 * value), 6))
      expect(offset[0]).toBeCloseTo(-0.485 / 0.229, 5)
    }
  })

  it('knows the names of older files', () => {
    expect(architectureOf('mobilenet-v3-small-1.00').layerName('expanded_conv_3/squeeze_excite/Conv_1')).toBe(
      'expanded_conv_3_squeeze_excite_conv_1'
    )
    expect(architectureOf('mobilenet-v3-small-1.00').layerName('Conv/BatchNorm')).toBe('conv_bn')
    expect(architectureOf('resnet50').layerName('probs')).toBe('predictions')
  })

  it('refuses weights of another length, and an architecture that is not there', () => {
    const short: WeightSource = () => new Float32Array(3)
    expect(() => architectureOf('resnet50').build({ weights: short })).toThrow("'conv1_conv/kernel' holds 3 numbers")
    expect(() => architectureOf('resnet51')).toThrow("no architecture 'resnet51'")
  })
})
