/** Does what was read answer as the original does? Asked of every import, before anything is kept. */
import type { ParityCheck } from '@shared/domain/backbone'
import { valueRange } from '@shared/domain/preprocessing'
import { StudioError } from '@shared/errors'
import type { Executor } from '../../executors/executor'
import { checkParity } from '../parity'
import { withInputSize } from '../transforms'
import type { NetworkGraph } from '../graph'
import type { RecordedAnswer } from '../readers/imported-model'
import type { Candidate } from './candidate'

/** Of the recorded answer's largest value: whoever recorded it summed in an order of their own. */
const RELATIVE_TOLERANCE = 1e-3
const LEAST_TOLERANCE = 1e-4
/** The layers are computed one by one, in JavaScript: pictures of this side take seconds even in a large network. */
const LARGEST_SIDE = 128

/**
 * The best comparison that there is: what the reading has compared already, the original's recorded answer, or the layers as
 * they are defined against the form in which they will run.
 *
 * @returns null for a model that is run by its own runtime from its own file: there are no two routes
 * @throws StudioError backbone/parity when the two disagree
 */
export async function checkCandidate(candidate: Candidate, executor: Executor): Promise<ParityCheck | null> {
  const { graph, recorded, suggestedName: name } = candidate
  const check = candidate.parity ?? (graph && (await compare(candidate, graph, recorded, executor)))
  if (check && !check.passed) {
    const found = check.maxDifference.toPrecision(2)
    const message = `'${name}': ${check.between} differ by ${found}; ${check.tolerance.toPrecision(2)} is allowed.`
    throw new StudioError('backbone/parity', message, { ...check })
  }
  return check
}

function compare(
  { contract }: Candidate,
  graph: NetworkGraph,
  recorded: RecordedAnswer | null,
  executor: Executor
): Promise<ParityCheck> {
  if (recorded) return compareRecorded(graph, recorded, executor)
  const small = Math.min(contract.size, LARGEST_SIDE)
  const resizable = graph.nodes.every(({ op }) => op !== 'flatten')
  return checkParity(resizable ? withInputSize(graph, small) : graph, executor, valueRange(contract))
}

async function compareRecorded(
  graph: NetworkGraph,
  { input, output }: RecordedAnswer,
  executor: Executor
): Promise<ParityCheck> {
  const network = await executor.load(graph)
  try {
    const actual = await network.run(input, 1)
    let maxDifference = actual.length === output.length ? 0 : Infinity
    let largest = 0
    output.forEach((value, index) => {
      // NaN compares as false with everything, and must not pass for equal.
      const difference = Math.abs(value - (actual[index] ?? NaN))
      maxDifference = Number.isNaN(difference) ? Infinity : Math.max(maxDifference, difference)
      largest = Math.max(largest, Math.abs(value))
    })
    const tolerance = Math.max(LEAST_TOLERANCE, RELATIVE_TOLERANCE * largest)
    const between = 'the answer recorded in the file and ours'
    return { between, maxDifference, tolerance, passed: maxDifference <= tolerance }
  } finally {
    await network.dispose()
  }
}
