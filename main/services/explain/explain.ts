/** Explanations: from two runs to what their gap is made of. One is worked at at a time, the others wait in order. */
import type { Backbone } from '@shared/domain/backbone'
import type {
  ExplainRequest,
  Explanation,
  ExplanationEvent,
  ExplanationState,
  ExplanationSummary
} from '@shared/domain/explanation'
import { StudioError } from '@shared/errors'
import { CoalescedFeed } from '../streams/coalesced-feed'
import type { RunContext } from '../runs/context'
import { newRunId } from '../runs/naming'
import { estimateRun } from '../runs/preflight'
import { Budget } from './budget'
import { testImages } from './experiment'
import { Explaining } from './explaining'
import { factorsBetween } from './factors'
import { leftoverOf } from './leftover'
import { reuseRuns } from './reuse'
import type { Contracts } from './settings'
import { storedSource } from './stored'
import { seedsOf, sidesOf, type Side } from './sides'
import { Trials } from './trials'

/** Wall time that a worker takes to begin and end, and a training of which nothing is known: until the first one was made. */
const START_SECONDS = 1

export class ExplainService {
  private readonly live = new Map<string, { explaining: Explaining; settled: Promise<void> }>()
  private last: Promise<void> = Promise.resolve()
  private readonly listeners = new Set<() => void>()

  constructor(private readonly context: RunContext) {}

  /** Settles what former processes left behind. Call it once, before anything else. */
  open = (): Promise<void> => this.context.store.explanations.interruptOrphans(this.context.isAlive)

  list = (): Promise<ExplanationSummary[]> => this.context.store.explanations.list()

  /** @throws StudioError explain/not-found */
  async get(id: string): Promise<Explanation> {
    const live = this.live.get(id)
    const explanation = live?.explaining.explanation ?? (await this.context.store.explanations.get(id))
    if (!explanation) throw new StudioError('explain/not-found', `There is no explanation '${id}'.`, { id })
    return explanation
  }

  /**
   * Plans, stores and begins; resolves before the first experiment.
   *
   * @throws StudioError run/not-found, run/different-datasets, explain/*, dataset/*, backbone/*, runtime/not-ready
   */
  async start({ a, b, budgetSeconds, seeds }: ExplainRequest): Promise<Explanation> {
    const { context } = this
    const sides = await sidesOf(context, { a, b })
    const { grounds } = sides
    const contracts: Contracts = (id) => grounds.backbones.get(id)!.contract
    const flexible = (id: string) => flexibility(grounds.backbones.get(id)!)
    const difference = factorsBetween({ a: sides.a.config, b: sides.b.config, contracts, flexible })
    if (difference.factors.length === 0) throw nothingToSwitch(sides.a, sides.b)
    const trials = new Trials(difference, grounds, contracts)
    const expected = await estimateRun(context, grounds.dataset.id, sides.a.config, false)
    const explanation: Explanation = {
      id: newRunId(),
      datasetId: grounds.dataset.id,
      datasetName: grounds.dataset.name,
      a,
      b,
      aName: sides.a.name,
      bName: sides.b.name,
      state: 'queued',
      budgetSeconds,
      spentSeconds: 0,
      remainingSeconds: null,
      seeds: seedsOf(sides.a, sides.b, seeds),
      testImages: testImages(grounds).length,
      factors: [],
      measured: { a: measuredOf(sides.a), b: measuredOf(sides.b) },
      ends: { a: { accuracy: null, seconds: null }, b: { accuracy: null, seconds: null } },
      gap: { accuracy: null, seconds: null },
      interaction: { accuracy: null, seconds: null },
      experiments: [],
      method: 'one-at-a-time',
      notes: [...difference.notes, ...versionNotes(sides.a, sides.b, grounds.dataset.contentHash)],
      verdict: '',
      error: null,
      createdAt: Date.now(),
      endedAt: null
    }
    await reuseRuns(context.store, sides, trials, explanation.testImages)
    const job = context.jobs.start({
      kind: 'explain',
      title: `Explain ${explanation.aName} against ${explanation.bName}`,
      stoppable: true,
      runId: a,
      datasetId: explanation.datasetId,
      onStop: () => void this.stop(explanation.id).catch(() => undefined)
    })
    const budget = new Budget(budgetSeconds, grounds.images.length, (expected.seconds ?? START_SECONDS) + START_SECONDS)
    const leftover = leftoverOf(sides.a, sides.b)
    const explaining = new Explaining({
      context,
      explanation,
      grounds,
      difference,
      leftover,
      contracts,
      trials,
      budget,
      job
    })
    await context.store.explanations.create(explaining.explanation, process.pid)
    this.enqueue(explaining)
    return explaining.explanation
  }

  private enqueue(explaining: Explaining): void {
    const { id } = explaining.explanation
    const settled = this.last.then(async () => {
      await explaining.run()
      this.live.delete(id)
      this.listChanged()
    })
    this.last = settled
    this.live.set(id, { explaining, settled })
    this.listChanged()
  }

  /** As it is, then as it changes, until it is over. @throws StudioError explain/not-found */
  async watch(id: string, signal?: AbortSignal): Promise<CoalescedFeed<ExplanationEvent>> {
    const live = this.live.get(id)
    if (live) return new CoalescedFeed(live.explaining.source(), undefined, signal)
    const explanation = await this.get(id)
    return new CoalescedFeed(storedSource(this.context.store.explanations, explanation), undefined, signal)
  }

  /** Nothing happens to one that is over. @throws StudioError explain/not-found, explain/active when another program works at it */
  async stop(id: string): Promise<void> {
    const live = this.live.get(id)
    if (live) return live.explaining.stop()
    const { endedAt, aName, bName } = await this.get(id)
    if (endedAt !== null) return
    const message = `Another program works at the explanation of ${aName} against ${bName}: it can be stopped there.`
    throw new StudioError('explain/active', message, { id })
  }

  /** Resolves with it once it is over. @throws StudioError explain/not-found */
  async settled(id: string): Promise<Explanation> {
    await this.live.get(id)?.settled
    return this.get(id)
  }

  /** @throws StudioError explain/not-found, explain/active */
  async remove(id: string): Promise<void> {
    const { endedAt, aName, bName } = await this.get(id)
    if (endedAt === null) {
      throw new StudioError('explain/active', `The explanation of ${aName} against ${bName} is being worked at.`, {
        id
      })
    }
    await this.context.store.explanations.remove(id)
    this.listChanged()
  }

  /** Calls `listener` whenever `list` would answer something else. */
  onListChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Ends what is going on, with the answers so far. */
  async close(as: ExplanationState = 'interrupted'): Promise<void> {
    for (const { explaining } of this.live.values()) explaining.stop(as)
    await this.last
  }

  private listChanged(): void {
    for (const listener of this.listeners) listener()
  }
}

function flexibility({ trainable, form, ports }: Backbone): { trainable: boolean; anySize: boolean } {
  return { trainable, anySize: form === 'graph' || !ports?.size }
}

const measuredOf = ({ run }: Side): Explanation['measured']['a'] => ({
  accuracy: run?.test?.accuracy ?? null,
  seconds: run?.seconds?.train ?? null
})

function nothingToSwitch(a: Side, b: Side): StudioError {
  const leftover = leftoverOf(a, b)
  const but = leftover ? ` but their ${leftover.label.toLowerCase()}` : ''
  const message = `'${a.name}' and '${b.name}' have the same settings${but}.`
  return new StudioError('explain/no-difference', message, { a: a.id, b: b.id })
}

function versionNotes(a: Side, b: Side, current: string): string[] {
  const older = [a, b].filter(({ run }) => run && run.datasetHash !== current).map(({ name }) => `'${name}'`)
  if (older.length === 0) return []
  const were = older.length === 1 ? 'was' : 'were'
  return [`${older.join(' and ')} ${were} trained on other images, labels or splits: experiments are on those of now.`]
}
