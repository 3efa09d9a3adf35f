/** Real Keras, in a virtual environment of its own, as the other side of the parity tests. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { decodeSafetensors } from '@shared/formats/safetensors'
import type { WeightTensor } from '../../main/engine/backbones/graph'
import { pythonEnvironment } from '../bench/contenders'

export type KerasFormat = 'h5' | 'keras' | 'saved-model' | 'weights'

export interface KerasModel {
  name: string
  /** In `keras.applications`. */
  factory: string
  arguments?: Record<string, unknown>
  size: number
  /** Names of layers whose values are wanted; those that the model does not have are left out. */
  layers: readonly string[]
  formats: readonly KerasFormat[]
}

export interface Recording {
  /** One picture, NHWC, and what Keras made of it: the logits, and the layers by name. */
  input: Float32Array
  output: Float32Array
  layers: Map<string, Float32Array>
  /** `layer/variable`. */
  weights: Map<string, WeightTensor>
  /** Paths of what Keras wrote. */
  files: Record<KerasFormat, string>
}

/** A Python process that builds one model after the other. */
export class Keras {
  private readonly lines: AsyncIterator<string>
  private errors = ''

  private constructor(private readonly child: ChildProcess) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    child.stderr!.on('data', (chunk: Buffer) => (this.errors = (this.errors + chunk.toString()).slice(-4000)))
  }

  /** @throws Error where there is no Python with pip, and no network to fill a virtual environment from. */
  static async start(folder: string): Promise<Keras> {
    const python = await pythonEnvironment('keras')
    const script = join(import.meta.dirname, 'record.py')
    return new Keras(spawn(python, [script, folder], { stdio: ['pipe', 'pipe', 'pipe'] }))
  }

  async record(model: KerasModel): Promise<Recording> {
    this.child.stdin!.write(`${JSON.stringify({ arguments: {}, ...model })}\n`)
    const { value, done } = await this.lines.next()
    if (done) throw new Error(`Keras ended without an answer:\n${this.errors}`)
    const { layers, files } = JSON.parse(value) as { layers: string[]; files: Record<string, string> }
    const { tensors } = decodeSafetensors(await readFile(files['tensors']!))
    const read = (name: string): Float32Array => tensors.get(name)!.data as Float32Array
    const weights = [...tensors].filter(([name]) => name.startsWith('weight:'))
    return {
      input: read('input'),
      output: read('output'),
      layers: new Map(layers.map((name) => [name, read(`layer:${name}`)])),
      weights: new Map(
        weights.map(([name, { shape, data }]) => [name.slice(7), { shape, data: data as Float32Array }])
      ),
      files: files as Record<KerasFormat, string>
    }
  }

  async end(): Promise<void> {
    const exited = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.stdin!.end()
    await exited
  }
}
