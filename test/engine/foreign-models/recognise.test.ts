/** Layers out of a file that names no architecture: which one they are, and what is made of it. */
import { beforeAll, expect, it } from 'vitest'
import { architectureOf, randomWeights } from '../../../main/engine/backbones/architectures'
import { proposeForGraph } from '../../../main/engine/backbones/importing/contract-of'
import { recognise } from '../../../main/engine/backbones/importing/recognise'
import type { Executor } from '../../../main/engine/executors/executor'
import { createOnnxRuntimeExecutor } from '../../../main/engine/executors/onnxruntime'
import { loadEmbedded } from '../../fixtures/embedded-backbone'

let executor: Executor
beforeAll(async () => void (executor = await createOnnxRuntimeExecutor({ threads: 2 })))

const small = (classes: number | null) =>
  architectureOf('mobilenet-v2-0.35').build({ weights: randomWeights(3), classes, size: 64 })

it('is recognised with a top of its own width, and without one', async () => {
  for (const classes of [7, null]) {
    expect(await recognise(small(classes), executor)).toMatchObject({ id: 'mobilenet-v2-0.35' })
  }
})

it('is not what has its weights, and computes something else with them', async () => {
  const graph = small(null)
  const nodes = graph.nodes.map((node) => (node.op === 'relu' ? { ...node, max: null } : node))
  const grown = new Map(
    [...graph.weights].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => 9 * x) }])
  )
  expect(await recognise({ ...graph, nodes, weights: grown }, executor)).toBeNull()
  const fewer = new Map([...graph.weights].slice(1))
  expect(await recognise({ ...graph, weights: fewer }, executor)).toBeNull()
})

it("has the architecture's contract where its weights remember nothing, and else what they remember", async () => {
  const graph = small(null)
  const known = await recognise(graph, executor)
  expect(await proposeForGraph(graph, 64, executor, known)).toMatchObject({
    contract: { size: 64, mean: [127.5, 127.5, 127.5] },
    contractOrigin: { from: 'architecture', certainty: null }
  })
  const lite = (await loadEmbedded()).graph
  const found = await proposeForGraph(lite, 224, executor, await recognise(lite, executor))
  expect(found).toMatchObject({
    contract: { mean: [127, 127, 127], filter: 'bicubic' },
    contractOrigin: { from: 'proposed' }
  })
})
