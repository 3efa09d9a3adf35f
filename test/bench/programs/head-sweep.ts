/**
 * Whetstone's sweep over 45 penalties on features of random clusters. Arguments: images, features, classes, and a folder, in which
 * `features.f32` and `labels.i32` hold the training images and then a fifth as many to validate on.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { presetConfig } from '../../../shared/domain/presets'
import { findHeadRuntime } from '../../../main/engine/training/head-sessions'
import { trainHead } from '../../../main/engine/training/train-head'
import { serveLines } from './serve-lines'

async function main([images, width, classes, folder]: [string, string, string, string]): Promise<void> {
  const [count, features] = [Number(images), Number(width)]
  const bytes = (name: string): ArrayBuffer => Uint8Array.from(readFileSync(join(folder, name))).buffer
  const values = new Float32Array(bytes('features.f32'))
  const labels = new Int32Array(bytes('labels.i32'))
  const train = { values: values.slice(0, count * features), width: features, labels: labels.slice(0, count) }
  const validation = { values: values.slice(count * features), width: features, labels: labels.slice(count) }
  const preset = presetConfig('fast-head', 'head')
  // Every penalty, as the peer has it.
  const config = { ...preset, earlyStopping: { ...preset.earlyStopping, enabled: false } }
  const runtime = findHeadRuntime()
  await serveLines(async () => {
    const [start, cpu] = [performance.now(), process.cpuUsage()]
    let penalties = 0
    const reporter = { onStart: () => undefined, onStep: () => undefined, onEpoch: () => void penalties++ }
    const signal = new AbortController().signal
    const input = { runtime, train, validation, classes: Number(classes), config, reporter, signal }
    const result = await trainHead(input)
    const { user, system } = process.cpuUsage(cpu)
    return {
      seconds: (performance.now() - start) / 1000,
      cpuSeconds: (user + system) / 1e6,
      penalties,
      accuracy: result!.best.validationAccuracy
    }
  })
}

void main(process.argv.slice(2) as [string, string, string, string])
