/**
 * Plants each cause alone and asks the doctor. Arguments: embedded backbones, work folder, seeds, datasets (JSON: name, root,
 * labels), and which faults ('all', or part of their names). A line of JSON for each examination.
 */
import { mkdir } from 'node:fs/promises'
import { homedir, totalmem } from 'node:os'
import { join, relative } from 'node:path'
import { runPreflight } from '../../../main/engine/diagnosis/preflight'
import { loadBackbone } from '../../../main/engine/backbones/load-backbone'
import { bindingSources } from '../../../main/engine/runtime/compiler'
import { findRuntime } from '../../../main/engine/runtime/manifest'
import { planRuntime } from '../../../main/engine/runtime/plan'
import { readImage } from '../../../main/engine/importing/read-image'
import { cacheDirectory } from '../../../main/paths'
import { doctorJobSchema, type DoctorJob } from '../../../shared/worker-protocol/doctor'
import type { LabelledImage } from '../../../shared/worker-protocol/train'
import { EMBEDDED, makeBackbones } from '../doctor-suite/backbones'
import { copyPictures } from '../doctor-suite/copies'
import { readDataset, type SuiteDataset } from '../doctor-suite/dataset'
import { configOf, FAULTS, GOOD, type Fault } from '../doctor-suite/faults'

const THREADS = 2

const DEVICE: DoctorJob['device'] = {
  cpu: { model: 'this processor', threads: THREADS, memoryBytes: totalmem() },
  gpu: null,
  ladder: [
    {
      id: 'tensorflow-gpu',
      name: 'TensorFlow, GPU',
      state: 'unavailable',
      detail: '',
      reason: 'There is no GPU.',
      remedy: null
    }
  ],
  frozen: 'onnxruntime',
  why: null,
  runtime: { state: 'ready', flavour: 'cpu', version: '', phase: null, progress: null, etaSeconds: null, error: null }
}

async function main([embedded, work, seeds, datasets, which]: [string, string, string, string, string]): Promise<void> {
  const made = join(work, 'backbones')
  await makeBackbones(embedded, made)
  const folders = [embedded, made]
  const cache = cacheDirectory(process.env, process.platform, homedir())
  const runtime = await findRuntime(cache, planRuntime('cpu', process.platform, process.arch), bindingSources().version)
  const wanted = [...GOOD, ...FAULTS].filter(({ name }) => which === 'all' || name.includes(which))
  for (const { name, root, labels } of JSON.parse(datasets) as {
    name: string
    root: string
    labels: string[] | null
  }[]) {
    const dataset = await readDataset(name, root, labels, join(work, 'thumbnails'))
    for (const seed of seeds.split(',').map(Number)) {
      for (const fault of wanted) {
        if (fault.mode === 'finetune' && !runtime) continue
        const job = await jobOf(fault, dataset, seed, folders, work, runtime)
        const phases: [string, number][] = []
        const tell = (message: { type: string; text?: string }): void => {
          if (message.type === 'phase') phases.push([message.text!, performance.now()])
        }
        const { findings, seconds } = await runPreflight(job, tell, new AbortController().signal)
        const shown = findings.map(({ code, severity, evidence, title }) => ({
          code,
          severity,
          title,
          text: evidence.text
        }))
        const times = phases.map(([text, at], index) => [
          text,
          ((phases[index + 1]?.[1] ?? performance.now()) - at) / 1000
        ])
        const answer = {
          dataset: name,
          seed,
          fault: fault.name,
          expected: fault.expected,
          findings: shown,
          seconds,
          times
        }
        process.stdout.write(`${JSON.stringify(answer)}\n`)
      }
    }
  }
}

async function jobOf(
  fault: Fault,
  dataset: SuiteDataset,
  seed: number,
  folders: string[],
  work: string,
  runtime: DoctorJob['train']['runtime']
): Promise<DoctorJob> {
  const { info } = await loadBackbone(folders, fault.backboneId ?? EMBEDDED)
  const config = configOf(fault, seed, info.contract, EMBEDDED)
  const plain = fault.images?.(dataset.images(seed), seed) ?? dataset.images(seed)
  const images = fault.copies ? [...plain, ...(await copied(plain, dataset, work, seed))] : plain
  const small = (await loadBackbone(folders, EMBEDDED)).info
  await mkdir(join(work, 'run'), { recursive: true })
  return doctorJobSchema.parse({
    train: {
      runId: 'doctor',
      directory: join(work, 'run'),
      backbonesDirectories: folders,
      featureCacheDirectory: join(work, 'features'),
      decodedDirectory: join(work, 'pixels'),
      datasetRoot: dataset.root,
      classes: dataset.classes,
      images,
      config,
      contract: config.contract ?? info.contract,
      runtime,
      fallback: null,
      threads: THREADS,
      datasetHash: 'suite',
      checkpoints: { directory: join(work, 'run'), resume: false, everySeconds: 0 }
    },
    device: fault.device?.(DEVICE) ?? DEVICE,
    rivals:
      info.id === small.id
        ? []
        : [
            {
              id: small.id,
              name: small.name,
              form: 'graph',
              trainable: true,
              architecture: null,
              multiplyAdds: small.multiplyAdds,
              msPerImage: null
            }
          ],
    msPerImage: null,
    thumbnailDirectory: dataset.thumbnails
  } satisfies DoctorJob)
}

/** A quarter as many as there are test pictures, out of the training ones, in another size and format. */
async function copied(
  images: LabelledImage[],
  dataset: SuiteDataset,
  work: string,
  seed: number
): Promise<LabelledImage[]> {
  const train = images.filter(({ split }) => split === 'train')
  const count = Math.ceil(images.filter(({ split }) => split === 'test').length / 4)
  const step = Math.max(1, Math.floor(train.length / count))
  const chosen = Array.from({ length: count }, (_, index) => train[(index * step + seed) % train.length]!)
  const files = await copyPictures(
    chosen.map(({ path }) => join(dataset.root, path)),
    join(work, 'copies')
  )
  return Promise.all(
    chosen.map(async (image, index) => {
      const path = relative(dataset.root, files[index]!)
      const { hash } = await readImage(dataset.root, path, dataset.thumbnails, undefined)
      return { ...image, id: 200_000 + index, path, hash, split: 'test' as const }
    })
  )
}

void main(process.argv.slice(2) as [string, string, string, string, string])
