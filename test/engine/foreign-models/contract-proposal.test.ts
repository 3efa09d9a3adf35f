import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { architectureOf, randomWeights } from '../../../main/engine/backbones/architectures/index'
import { deadLeaves } from '../../../main/engine/backbones/contract-proposal/dead-leaves'
import { contractOf, KNOWN_CONTRACTS } from '../../../main/engine/backbones/contract-proposal/known-contracts'
import { proposeContract } from '../../../main/engine/backbones/contract-proposal/propose'
import type { NetworkGraph } from '../../../main/engine/backbones/graph'
import { loadPixels } from '../../../main/engine/data/preprocess'
import type { Executor } from '../../../main/engine/executors/executor'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { loadEmbedded } from '../../fixtures/embedded-backbone'

let executor: Executor
let lite0: NetworkGraph

beforeAll(async () => {
  executor = await createOnnxRuntimeExecutor({ threads: 2 })
  lite0 = (await loadEmbedded()).graph
})

/** The same network for what another contract gives: its first layer undoes the difference. */
function expecting(graph: NetworkGraph, id: string): NetworkGraph {
  const { mean, std, colorOrder } = KNOWN_CONTRACTS.find((known) => known.id === id)!
  if (colorOrder !== 'RGB') throw new Error('Channels cannot be exchanged so.')
  const [input, ...rest] = graph.nodes
  const scale = std.map((value) => value / 128)
  const offset = mean.map((value) => (value - 127) / 128)
  const nodes = rest.map((node) => ('input' in node && node.input === input!.name ? { ...node, input: 'range' } : node))
  return { ...graph, nodes: [input!, { name: 'range', op: 'affine', input: input!.name, scale, offset }, ...nodes] }
}

describe('the proposal of a contract', () => {
  it('finds that of the embedded backbone by what its batch-norms remember', async () => {
    const proposals = await proposeContract({ graph: lite0, executor, size: 224 })
    expect(proposals).toHaveLength(KNOWN_CONTRACTS.length)
    expect(['lite', 'minus-one-to-one']).toContain(proposals[0]!.id)
    expect(['lite', 'minus-one-to-one']).toContain(proposals[1]!.id)
    expect(proposals[0]!.certainty).toBeGreaterThan(0.9)
    expect(proposals[2]!.certainty).toBeLessThan(0.1)
    expect(proposals[0]!.reason).toMatch(/^Almost certain: with red, green, blue .* batch-norms meet/)
  })

  it.each(['zero-to-one', 'standardised', 'raw'])('finds %s of a network that expects it', async (id) => {
    const [first] = await proposeContract({ graph: expecting(lite0, id), executor, size: 224 })
    expect(first).toMatchObject({ id, score: { of: 'norm-divergence' } })
    expect(first!.certainty).toBeGreaterThan(0.6)
  })

  it('is not sure where even the best of them does not fit', async () => {
    // A network for values of 0 to 5100: none of the known contracts.
    const far = expecting(lite0, 'raw')
    const nodes = far.nodes.map((node) =>
      node.op === 'affine' ? { ...node, scale: node.scale.map((value) => value / 20) } : node
    )
    const [first] = await proposeContract({ graph: { ...far, nodes }, executor, size: 224 })
    expect(first!.score!.value).toBeGreaterThan(0.8)
    expect(first!.certainty).toBeLessThan(0.5)
    expect(first!.reason).toMatch(/^A guess, .*fits none of the contracts that were tried/)
  })

  it('goes by custom where what is remembered fits none at all', async () => {
    const far = structuredClone(architectureOf('mobilenet-v2-0.35').build({ weights: randomWeights(1), size: 96 }))
    for (const [name, { data }] of far.weights) if (name.endsWith('moving_mean')) data.fill(40)
    const [first] = await proposeContract({ graph: far, executor, size: 96 })
    expect(first).toMatchObject({ id: 'minus-one-to-one' })
    expect(first!.certainty).toBeLessThan(0.02)
    expect(first!.reason).toMatch(/^A guess, .*fits none of the contracts/)
  })

  it('takes bytes where the first layer rescales them and nothing else tells', async () => {
    const untrained = architectureOf('mobilenet-v2-0.35').build({ weights: randomWeights(1), size: 96 })
    const [input, ...rest] = untrained.nodes
    const nodes = rest.map((node) =>
      'input' in node && node.input === input!.name ? { ...node, input: 'rescaling' } : node
    )
    const rescaling = { name: 'rescaling', op: 'affine' as const, input: input!.name, scale: [1 / 255], offset: [0] }
    const graph = { ...untrained, nodes: [input!, rescaling, ...nodes] }
    const [first] = await proposeContract({ graph, executor, size: 96 })
    expect(first).toMatchObject({ id: 'raw', certainty: 0.3 })
  })

  it('tells pictures from answers where there is no batch-norm, and is less sure', async () => {
    const network = await executor.load(lite0)
    const subject = { graph: null, network, executor, size: 224, form: 'onnx' as const, layout: 'NHWC' as const }
    const proposals = await proposeContract({ ...subject, pictures: await samplePictures() })
    expect(proposals[0]).toMatchObject({ id: 'minus-one-to-one', score: { of: 'information' } })
    expect(
      proposals
        .slice(-2)
        .map(({ id }) => id)
        .sort()
    ).toEqual(['caffe', 'raw'])
    expect(proposals[0]!.certainty).toBeLessThanOrEqual(0.7)
    const [guess] = await proposeContract(subject)
    expect(guess).toMatchObject({ score: null })
    await network.dispose()
  })

  it('goes by custom, and says so, where nothing can be measured', async () => {
    const untrained = architectureOf('mobilenet-v2-0.35').build({ weights: randomWeights(1), classes: 5, size: 96 })
    const propose = async (form: 'onnx' | 'saved-model', layout: 'NCHW' | 'NHWC') =>
      (await proposeContract({ graph: null, executor, size: 96, form, layout }))[0]!
    expect(await propose('saved-model', 'NHWC')).toMatchObject({ id: 'zero-to-one', certainty: 0.3, score: null })
    expect(await propose('onnx', 'NCHW')).toMatchObject({ id: 'standardised', score: null })
    const [first] = await proposeContract({ graph: untrained, executor, size: 96 })
    expect(first!.reason).toContain('A guess')
  })
})

/** The first drawing of each class of the sample. */
async function samplePictures(): Promise<Uint8Array[]> {
  const sample = join(import.meta.dirname, '../../../resources/sample')
  const classes = (await readdir(sample, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const contract = contractOf(KNOWN_CONTRACTS[0]!, 224)
  return Promise.all(
    classes.map(async ({ name }) => {
      const [file] = (await readdir(join(sample, name))).sort()
      const { data } = await loadPixels(join(sample, name, file!), contract)
      return Uint8Array.from(data)
    })
  )
}

describe('dead leaves', () => {
  it('have the mean and the spread of photographs, and are the same each time', () => {
    const pictures = deadLeaves(8, 64)
    const all = pictures.flatMap((pixels) => [...pixels])
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length
    const deviation = Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length)
    expect(mean).toBeGreaterThan(95)
    expect(mean).toBeLessThan(135)
    expect(deviation).toBeGreaterThan(45)
    expect(deviation).toBeLessThan(70)
    expect(deadLeaves(8, 64)).toEqual(pictures)
  })
})
