/** The model-size advisor: which of the backbones at hand is worth its time on a dataset. One advice at a time, the others wait. */
import { adviceRequestSchema, type Advice, type AdviceEvent, type AdviceRequest } from '@shared/domain/advice'
import type { Backbone } from '@shared/domain/backbone'
import { StudioError } from '@shared/errors'
import type { Grounds } from '../explain/experiment'
import { newRunId } from '../runs/naming'
import { readData } from '../runs/preflight'
import { assertTrainable } from '../runs/train-job'
import { CoalescedFeed, type FeedSource } from '../streams/coalesced-feed'
import { Advising, partOf, type AdvisorContext } from './advising'
import type { Candidate } from './points'
import { subsample } from './subsample'

export type AdvisorServiceContext = AdvisorContext & { backbones(): Promise<Backbone[]> }

export class AdvisorService {
  private readonly live = new Map<string, { advising: Advising; settled: Promise<void> }>()
  private last: Promise<void> = Promise.resolve()

  constructor(private readonly context: AdvisorServiceContext) {}

  /** The newest for a dataset, of this process or from before; null: there is none. */
  async latest(datasetId: string): Promise<Advice | null> {
    return this.liveOf(datasetId)?.advice ?? this.context.store.advice.latest(datasetId)
  }

  /**
   * Begins, and answers at once; while one for the dataset goes on, that one.
   *
   * @throws StudioError dataset/not-found, dataset/busy, dataset/one-class, dataset/empty-split, advice/no-backbone
   */
  async start(request: AdviceRequest): Promise<Advice> {
    const { datasetId, budgetSeconds } = adviceRequestSchema.parse(request)
    const going = this.liveOf(datasetId)
    if (going) return going.advice
    const { context } = this
    const data = await readData(context, datasetId)
    assertTrainable(data)
    const all = await context.backbones()
    const usable = all.filter(({ provenance }) => provenance?.how !== 'random')
    if (usable.length === 0) throw new StudioError('advice/no-backbone', 'There is no backbone with trained weights.')
    const images = await context.store.datasets.trainingImages(datasetId)
    const whole: Grounds = {
      dataset: data.dataset,
      classes: data.classes.map(({ name }) => name),
      images,
      backbones: new Map(usable.map((backbone) => [backbone.id, backbone]))
    }
    // With one alone there is nothing to choose from: its place is found on all pictures.
    const screened = usable.length > 1 ? subsample(images) : null
    const { dataset } = data
    const advice: Advice = {
      id: newRunId(),
      datasetId,
      datasetName: dataset.name,
      datasetHash: dataset.contentHash,
      state: 'queued',
      budgetSeconds,
      spentSeconds: 0,
      remainingSeconds: null,
      screenImages: screened?.length ?? null,
      images: images.length,
      points: [],
      sentence: '',
      notes: leftOut(all.length - usable.length),
      error: null,
      createdAt: Date.now(),
      endedAt: null
    }
    const job = context.jobs.start({
      kind: 'advise',
      title: `Which backbone for ${dataset.name}`,
      stoppable: true,
      datasetId,
      onStop: () => void this.stop(advice.id).catch(() => undefined)
    })
    const part = screened && partOf(whole, screened)
    const candidates = usable.map((backbone): Candidate => ({
      backbone,
      ...{ speed: null, screened: null, confirmed: null, running: false, error: null }
    }))
    const advising = new Advising({ context, advice, candidates, whole, part, job })
    await context.store.advice.create(advising.advice, process.pid)
    this.enqueue(advising)
    return advising.advice
  }

  /** As it is, then as it changes, until it is over. @throws StudioError advice/not-found */
  async watch(id: string, signal?: AbortSignal): Promise<CoalescedFeed<AdviceEvent>> {
    const advising = this.live.get(id)?.advising
    return new CoalescedFeed(advising?.source() ?? onceOf(await this.get(id)), undefined, signal)
  }

  /** @throws StudioError advice/not-found */
  async get(id: string): Promise<Advice> {
    const advice = this.live.get(id)?.advising.advice ?? (await this.context.store.advice.get(id))
    if (!advice) throw new StudioError('advice/not-found', `There is no advice '${id}'.`, { id })
    return advice
  }

  /** The answer so far stays. Nothing happens to one that is over. @throws StudioError advice/not-found */
  async stop(id: string): Promise<void> {
    this.live.get(id)?.advising.stop()
    await this.get(id)
  }

  /** Resolves with it once it is over. @throws StudioError advice/not-found */
  async settled(id: string): Promise<Advice> {
    await this.live.get(id)?.settled
    return this.get(id)
  }

  /** Ends what is going on, with the answers so far. */
  async close(): Promise<void> {
    for (const { advising } of this.live.values()) advising.stop('interrupted')
    await Promise.all([...this.live.values()].map(({ settled }) => settled))
  }

  private liveOf(datasetId: string): Advising | null {
    const found = [...this.live.values()].find(({ advising }) => advising.advice.datasetId === datasetId)
    return found?.advising ?? null
  }

  private enqueue(advising: Advising): void {
    const { id } = advising.advice
    const settled = this.last.then(async () => {
      await advising.run()
      this.live.delete(id)
    })
    this.last = settled
    this.live.set(id, { advising, settled })
  }
}

function leftOut(count: number): string[] {
  if (count === 0) return []
  return [`${count === 1 ? 'One backbone' : `${count} backbones`} with weights that were never trained left out.`]
}

/** One that nobody works at here. */
function onceOf(advice: Advice): FeedSource<AdviceEvent> {
  let told = false
  return {
    subscribe: () => () => undefined,
    ended: () => true,
    take: () => (told ? [] : ((told = true), [{ advice, phase: '' }]))
  }
}
