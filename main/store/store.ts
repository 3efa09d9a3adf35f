/**
 * The store as the services see it: asynchronous and typed, whatever thread SQLite runs in. SQLite is the truth; the services
 * keep nothing that could not be read back from here.
 */
import type {
  Dataset,
  DatasetClass,
  ImageFilter,
  ImageRecord,
  ImportReport,
  RefusedFile,
  Split
} from '@shared/domain/dataset'
import type { Advice } from '@shared/domain/advice'
import type { Curves, CurvesRequest, SeriesCount } from '@shared/domain/curves'
import type { Evaluation, Prediction, PredictionFilter } from '@shared/domain/evaluation'
import type { Explanation, ExplanationSummary } from '@shared/domain/explanation'
import type { Finding } from '@shared/domain/finding'
import type { ImageTrait, ReportSlice } from '@shared/domain/image-trait'
import type { MetricPoint, Run } from '@shared/domain/run'
import type { RunAnnotation, RunColumn, RunQuery, RunTable } from '@shared/domain/run-query'
import type { TrainingConfig } from '@shared/domain/training-config'
import type { KnownImage } from '@shared/worker-protocol/import'

export type NewImage = Omit<ImageRecord, 'id' | 'datasetId' | 'classIndex'> & { mtimeMs: number }

export interface DatasetImport {
  /** All images that the dataset holds from now on. An id stands for a path with its content: it stays while both do. */
  images: NewImage[]
  classes: string[]
  refused: RefusedFile[]
  findings: Finding[]
  splitSource: Dataset['splitSource']
  contentHash: string
  report: ImportReport
}

interface SplitChange {
  splitSeed: number
  splitSource: Dataset['splitSource']
  contentHash: string
  findings: Finding[]
  images: { path: string; split: Split }[]
}

/** One labelled image of a run, as the train worker needs it. */
export interface TrainingImage {
  id: number
  path: string
  hash: string
  classIndex: number
  split: Split
}

export interface DatasetStore {
  list(): Promise<Dataset[]>
  /** Null when there is none. */
  get(id: string): Promise<Dataset | null>
  findByRoot(root: string): Promise<Dataset | null>
  /**
   * `ownerPid`: the process that runs the first import, so that a later start can tell an orphan.
   * @throws StudioError dataset/busy when another process has just created one for the same folder.
   */
  create(dataset: Pick<Dataset, 'id' | 'name' | 'root' | 'source' | 'splitSeed'>, ownerPid: number): Promise<Dataset>
  rename(id: string, name: string): Promise<Dataset>
  /** Its runs keep their results, and the images that their predictions point to. */
  remove(id: string): Promise<void>
  /** Removes what a first import left behind whose process is gone; returns the ids. */
  dropUnfinished(isAlive: (pid: number) => boolean): Promise<string[]>
  known(id: string): Promise<(KnownImage & { label: string; split: Split })[]>
  /** Replaces the images of a dataset in one transaction. */
  applyImport(id: string, changes: DatasetImport): Promise<Dataset>
  /** Gives every image of a dataset its split, in one transaction. */
  applySplit(id: string, changes: SplitChange): Promise<Dataset>
  report(id: string): Promise<ImportReport | null>
  classes(id: string): Promise<DatasetClass[]>
  images(
    id: string,
    filter: ImageFilter,
    offset: number,
    limit: number
  ): Promise<{ total: number; images: ImageRecord[] }>
  /** Null when no dataset holds it now. */
  image(imageId: number): Promise<ImageRecord | null>
  /** Content hash of an image that a dataset holds or that a run's predictions still show; null when there is none. */
  imageHash(imageId: number): Promise<string | null>
  trainingImages(id: string): Promise<TrainingImage[]>
}

export type RunPatch = Partial<
  Pick<
    Run,
    | 'name'
    | 'state'
    | 'environment'
    | 'epochsDone'
    | 'best'
    | 'test'
    | 'seconds'
    | 'findings'
    | 'error'
    | 'checkpoint'
    | 'startedAt'
    | 'endedAt'
    | 'tags'
    | 'notes'
    | 'starred'
    | 'archivedAt'
    | 'calibration'
    | 'ignored'
  >
>

/** Columns of one split's predictions, in the order of the image ids. */
export interface SplitProbabilities {
  imageIds: Int32Array
  /** Index into the run's classes. */
  truth: Int32Array
  /** Row-major [images, classes]. */
  probabilities: Float32Array
}

/** Columns of the test images that two runs have in common: place n is the same picture in both. */
export interface PairedPredictions {
  a: PairedSide
  b: PairedSide
}
interface PairedSide {
  imageIds: Int32Array
  /** Indices into this run's own classes. */
  truth: Int32Array
  predicted: Int32Array
  /** Of the predicted class. */
  probability: Float64Array
}

export interface TestOutcome {
  imageId: number
  /** Of the content. */
  hash: string
  path: string
  /** Indices into the run's classes. */
  truth: number
  predicted: number
  correct: boolean
}

export interface RunStore {
  /** Newest first; removed ones are left out. */
  list(): Promise<Run[]>
  /** A removed one too. */
  get(id: string): Promise<Run | null>
  /**
   * By id, by the beginning of an id, or by name. A removed one is found by its id, or where no other is meant.
   * @throws StudioError run/not-found, run/ambiguous
   */
  resolve(reference: string): Promise<Run>
  /** `ownerPid`: the process that will watch over it, so that a later start can tell an orphan. */
  create(run: Run, ownerPid: number): Promise<void>
  /** @throws StudioError run/not-active when the run is settled already and the patch would change its state. */
  update(id: string, patch: RunPatch): Promise<Run>
  appendPoints(id: string, points: MetricPoint[]): Promise<void>
  points(id: string): Promise<MetricPoint[]>
  /**
   * What came since.
   * @param lastSteps by series, as they are known; a series that is not named is new
   * @returns the points after those, and how many the run has in all: another number than expected says that known ones have changed
   */
  pointsAfter(id: string, lastSteps: Record<string, number>): Promise<{ points: MetricPoint[]; total: number }>
  /** Curves cut down to the pixels in view. @throws StudioError run/not-found */
  curves(request: CurvesRequest): Promise<Curves>
  /** Which series these runs have, by name. @throws StudioError run/not-found */
  seriesOf(ids: readonly string[]): Promise<SeriesCount[]>
  /** Forgets what was told after a step. */
  cutPoints(id: string, afterStep: number): Promise<void>
  /** Replaces every point by those that a checkpoint knows, in one transaction: what came after it is told anew. */
  replacePoints(id: string, points: MetricPoint[]): Promise<void>
  /** Reads a predictions file (see worker-protocol/train) into the store. */
  ingestPredictions(id: string, file: string): Promise<void>
  evaluation(id: string, split: Split): Promise<Evaluation | null>
  predictions(
    id: string,
    filter: PredictionFilter,
    offset: number,
    limit: number
  ): Promise<{ total: number; predictions: Prediction[] }>
  /** What a run gave each class for each image of a split, or of one slice of it; empty columns where there is none. */
  probabilities(id: string, split: Split, slice?: ReportSlice): Promise<SplitProbabilities>
  /** How many images of a split (of one true class) have each trait, and how many of those are right. */
  traitCounts(id: string, split: Split, label?: string): Promise<{ trait: ImageTrait; count: number; right: number }[]>
  /** The test images that two runs have in common, matched by content. */
  pairedPredictions(a: string, b: string): Promise<PairedPredictions>
  /** Of these images, in their order; an image without a prediction is left out. */
  predictionsOf(id: string, split: Split, imageIds: readonly number[]): Promise<Prediction[]>
  /** What came of every test image, for paired tests. */
  testOutcomes(id: string): Promise<TestOutcome[]>
  /** Runs that match, a page of them in order, groups and counts. @throws StudioError query/invalid, with the place in the filter */
  table(query: RunQuery): Promise<RunTable>
  /** What a table can show of the runs there are. */
  tableColumns(): Promise<RunColumn[]>
  /** Each of these, all or none. @throws StudioError run/not-found. @returns them as they are now */
  annotate(ids: readonly string[], changes: RunAnnotation): Promise<Run[]>
  /** Out of every list, until they are restored or purged. @throws StudioError run/not-found, run/active when one is not settled */
  remove(ids: readonly string[]): Promise<void>
  /** @throws StudioError run/not-found */
  restore(ids: readonly string[]): Promise<void>
  /** For good, with points and predictions. @throws StudioError run/not-found, run/not-removed when one is in the lists */
  purge(ids: readonly string[]): Promise<void>
  /**
   * Queues a run that rests, under a new owner. @throws StudioError run/not-found, run/not-resumable when it does not rest.
   */
  resume(id: string, ownerPid: number): Promise<Run>
  /**
   * Takes the home's one place for training, in one transaction: the run becomes `preparing`. A run whose process is gone is
   * interrupted and does not count.
   * @returns null, or the run of another process that has the place.
   */
  claim(id: string, ownerPid: number, isAlive: (pid: number) => boolean): Promise<{ id: string; name: string } | null>
  /** Settles every unfinished run whose owner process is gone as `interrupted`; returns them. */
  interruptOrphans(isAlive: (pid: number) => boolean): Promise<Run[]>
}

/** What an experiment came to. */
export interface StoredExperiment {
  id: string
  accuracy: number
  /** Of training. */
  seconds: number
  diverged: boolean
  /** One byte a test image, 1 where it was right. */
  correct: Uint8Array
}

export interface ExplanationStore {
  /** Newest first. */
  list(): Promise<ExplanationSummary[]>
  get(id: string): Promise<Explanation | null>
  /** `ownerPid`: the process that will work at it. */
  create(explanation: Explanation, ownerPid: number): Promise<void>
  save(explanation: Explanation): Promise<void>
  /** Experiments stay. */
  remove(id: string): Promise<void>
  /**
   * Takes the home's one place for training, in one transaction. Runs that wait for it come first; what belongs to a process that is
   * gone is interrupted and does not count.
   * @returns null, or who is before it
   */
  claim(id: string, ownerPid: number, isAlive: (pid: number) => boolean): Promise<{ id: string; name: string } | null>
  /** Gives the place back. */
  release(id: string): Promise<void>
  /** Settles every unfinished one whose process is gone as `interrupted`. */
  interruptOrphans(isAlive: (pid: number) => boolean): Promise<void>
  /** Those of the ids that are there. */
  experiments(ids: string[]): Promise<StoredExperiment[]>
  saveExperiment(experiment: StoredExperiment, of: { datasetHash: string; config: TrainingConfig }): Promise<void>
}

/** Advice on backbones. It takes its place for training, and keeps its experiments, as an explanation of the same id does. */
export interface AdviceStore {
  create(advice: Advice, ownerPid: number): Promise<void>
  save(advice: Advice): Promise<void>
  /** The newest for a dataset. */
  latest(datasetId: string): Promise<Advice | null>
  get(id: string): Promise<Advice | null>
}

/** Small facts kept by key, as JSON: settings, measured speeds. */
export interface FactStore {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<void>
}

export interface Store {
  datasets: DatasetStore
  runs: RunStore
  facts: FactStore
  explanations: ExplanationStore
  advice: AdviceStore
  close(): Promise<void>
}
