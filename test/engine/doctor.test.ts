import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diagnosisSchema, runDiagnosisSchema } from '@shared/domain/diagnosis'
import { presetConfig, withSetting } from '@shared/domain/presets'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { TrainingMode } from '@shared/domain/training-config'
import { doctorMessageSchema, type DoctorJob, type DoctorMessage } from '@shared/worker-protocol/doctor'
import type { LabelledImage } from '@shared/worker-protocol/train'
import { runPreflight } from '../../main/engine/diagnosis/preflight'
import { diagnoseRun } from '../../main/engine/diagnosis/run/diagnose-run'
import { EMBEDDED_BACKBONES, loadEmbedded } from '../fixtures/embedded-backbone'
import { drawPatterns, PATTERNS } from '../fixtures/patterns'
import { aRun, epochPoints } from '../fixtures/runs'
import { ensureTestRuntime } from '../fixtures/runtime'

let home: string
let images: LabelledImage[]
let own: PreprocessingContract

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'whetstone doctor '))
  images = await drawPatterns(join(home, 'data'), 60)
  own = (await loadEmbedded()).info.contract
})
afterAll(() => rm(home, { recursive: true, force: true }))

interface Wanted {
  mode?: TrainingMode
  settings?: string[]
  contract?: PreprocessingContract
  images?: LabelledImage[]
  runtime?: DoctorJob['train']['runtime']
  device?: Partial<DoctorJob['device']>
}

function jobOf({ mode = 'head', settings = [], contract, runtime = null, device, ...other }: Wanted): DoctorJob {
  const base = { ...presetConfig('default', mode), contract: contract ?? null }
  const config = settings.reduce((made, setting) => {
    const [key, value] = setting.split('=') as [string, string]
    return withSetting(made, key, value)
  }, base)
  const hash = createHash('sha256').update('run').digest('hex').slice(0, 8)
  return {
    train: {
      runId: 'doctor',
      directory: join(home, hash),
      backbonesDirectories: [EMBEDDED_BACKBONES],
      featureCacheDirectory: join(home, 'cache'),
      decodedDirectory: join(home, 'pixels'),
      datasetRoot: join(home, 'data'),
      classes: PATTERNS,
      images: other.images ?? images,
      config,
      contract: contract ?? own,
      runtime,
      fallback: null,
      threads: 2,
      datasetHash: 'data',
      checkpoints: { directory: join(home, hash), resume: false, everySeconds: 10 }
    },
    device: {
      cpu: { model: 'a test', threads: 2, memoryBytes: 16e9 },
      gpu: null,
      ladder: [],
      frozen: 'onnxruntime',
      why: null,
      runtime: {
        state: 'ready',
        flavour: 'cpu',
        version: '',
        phase: null,
        progress: null,
        etaSeconds: null,
        error: null
      },
      ...device
    },
    rivals: [],
    msPerImage: null,
    thumbnailDirectory: join(home, 'thumbnails')
  }
}

async function examine(
  wanted: Wanted
): Promise<{ told: DoctorMessage[]; answer: Awaited<ReturnType<typeof runPreflight>> }> {
  const told: DoctorMessage[] = []
  // What crosses the port must fit the protocol.
  const tell = (message: DoctorMessage): void => void told.push(doctorMessageSchema.parse(message))
  const answer = await runPreflight(jobOf(wanted), tell, new AbortController().signal)
  diagnosisSchema.parse(answer)
  return { told, answer }
}
const first = async (wanted: Wanted) => (await examine(wanted)).answer.findings[0]

describe('the pre-flight', () => {
  it('finds nothing severe in the default, and tells each check as it ends', async () => {
    const { told, answer } = await examine({})
    expect(answer.findings.filter(({ severity }) => severity === 'severe')).toEqual([])
    const checks = told.flatMap((message) => (message.type === 'check' ? [message.check] : []))
    expect(checks).toEqual(answer.checks)
    expect(checks.find(({ code }) => code === 'preprocessing/range')!.state).toBe('passed')
    expect(checks.find(({ code }) => code === 'training/initial-loss')!.text).toContain('ln 3 = 1.10')
    expect(checks.filter(({ state }) => state === 'skipped').map(({ code }) => code)).toEqual(['model/oversized'])
  })

  it('names a wrong range, and gives the own values back', async () => {
    const finding = await first({ contract: { ...own, mean: [0, 0, 0], std: [255, 255, 255] } })
    expect(finding).toMatchObject({
      code: 'preprocessing/range',
      severity: 'severe',
      repair: { changes: { contract: null } }
    })
    expect(finding!.evidence.value!).toBeGreaterThan(finding!.evidence.expected!)
    expect(finding!.evidence.picture).toMatch(/^data:image\/svg\+xml;base64,/)
  })

  it('leaves the rest of an override alone when it repairs one aspect', async () => {
    const { answer } = await examine({
      contract: { ...own, mean: [0, 0, 0], std: [65_025, 65_025, 65_025], filter: 'nearest' }
    })
    const range = answer.findings.find(({ code }) => code === 'preprocessing/range')!
    expect(range.title).toContain('scaled twice')
    expect(JSON.parse(String(range.repair!.changes['contract']))).toEqual({ ...own, filter: 'nearest' })
    const resize = answer.findings.find(({ code }) => code === 'preprocessing/resize')!
    expect(resize.repair!.changes).toEqual({ 'contract.filter': own.filter })
  })

  it('names a learning rate far too low, and one that learns', async () => {
    const low = await first({ settings: ['head.learningRate=0.0000001', 'head.batchSize=16'] })
    expect(low).toMatchObject({ code: 'training/learning-rate-low', severity: 'severe' })
    expect(low!.repair!.changes['head.learningRate']).toBeGreaterThan(1e-6)
  })

  it('names missing regularisation, few pictures, a leak of files', async () => {
    const bare = ['weightDecay', 'dropout', 'labelSmoothing'].map((key) => `head.${key}=0`)
    expect(await first({ settings: bare })).toMatchObject({ code: 'training/no-regularisation', severity: 'warning' })
    const scarce = images.filter(({ split, id }) => split !== 'train' || id % 6 === 0)
    expect(await first({ images: scarce })).toMatchObject({ code: 'data/too-few', severity: 'severe' })
    const train = images.filter(({ split }) => split === 'train').slice(0, 12)
    const leaked = [...images, ...train.map((image) => ({ ...image, id: image.id + 1000, split: 'test' as const }))]
    expect(await first({ images: leaked })).toMatchObject({ code: 'data/leak', severity: 'severe' })
  })

  it('does not hide a GPU that is not used', async () => {
    const gpu = { name: 'NVIDIA T4', memoryBytes: 16e9, driver: '535', computeCapability: '7.5' }
    const rung = {
      id: 'tensorflow-gpu' as const,
      name: '',
      state: 'unavailable' as const,
      detail: '',
      reason: 'No CUDA library',
      remedy: 'Install CUDA.'
    }
    const finding = await first({ device: { gpu, ladder: [rung] } })
    expect(finding).toMatchObject({ code: 'device/cpu-fallback' })
    expect(finding!.evidence.text).toMatch(/^No CUDA library\. Install CUDA\. One thread .* GFLOP\/s/)
  })

  it('takes no step of a fine-tune without TensorFlow, and says so', async () => {
    const { answer } = await examine({ mode: 'finetune' })
    const skipped = answer.checks.filter(({ state, text }) => state === 'skipped' && text.includes('TensorFlow'))
    expect(skipped.map(({ code }) => code)).toEqual(['training/learning-rate-high', 'training/learning-rate-low'])
  })

  it("takes a fine-tune's first steps, and tells its own rate from the article's", async () => {
    const runtime = await ensureTestRuntime()
    const settings = ['fineTune.unfreeze=1', 'fineTune.batchSize=8']
    const good = await examine({ mode: 'finetune', runtime, settings })
    const steps = good.answer.checks.filter(({ code }) => code === 'training/learning-rate-high').at(-1)!
    expect(steps).toMatchObject({ state: 'passed' })
    expect(steps.text).toMatch(/moves the backbone's kernels by/)
    const adam = [...settings, 'fineTune.optimizer=adam', 'fineTune.learningRate=0.05']
    const finding = await first({ mode: 'finetune', runtime, settings: adam })
    expect(finding).toMatchObject({ code: 'training/learning-rate-high', severity: 'severe' })
    expect(finding!.repair!.changes['fineTune.learningRate']).toBeLessThan(0.01)
  })

  it('ends after the check it is in', async () => {
    const leaving = new AbortController()
    const { checks } = await runPreflight(jobOf({}), () => leaving.abort(), leaving.signal)
    expect(checks.length).toBeLessThan(6)
  })
})

describe('the look at a run', () => {
  const points = [
    ...epochPoints('train_loss', [0.6, 0.4, 0.2, 0.1, 0.05]),
    ...epochPoints('validation_loss', [0.6, 0.5, 0.55, 0.62, 0.7])
  ]
  const confused = [{ truth: 'dots', predicted: 'checks', count: 3, of: 8 }]

  it('reads curves and confusions where the dataset is gone', async () => {
    const answer = await diagnoseRun(
      { run: aRun(), points, confused, job: null },
      () => undefined,
      new AbortController().signal
    )
    runDiagnosisSchema.parse(answer)
    expect(answer.fit).toBe('overfit')
    expect(answer.findings.map(({ code }) => code)).toEqual(['training/overfitting', 'data/confused'])
    expect(answer.verdict).toMatch(/^75\.0 % on 15 test images\. It overfits\.$/)
  })

  it('puts the cause before its symptom', async () => {
    const job = jobOf({ contract: { ...own, mean: [0, 0, 0], std: [255, 255, 255] } })
    const run = aRun({ config: job.train.config })
    const answer = await diagnoseRun({ run, points, confused, job }, () => undefined, new AbortController().signal)
    expect(answer.findings[0]!.code).toBe('preprocessing/range')
    expect(answer.next[0]!.repair!.changes).toEqual({ contract: null })
  })
})
