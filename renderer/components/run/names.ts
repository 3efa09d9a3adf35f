/** What the parts of a run are called on screen. */
import type { ExecutorId } from '@shared/domain/backbone'
import type { RunState } from '@shared/domain/run'
import type { TrainingMode } from '@shared/domain/training-config'

export const MODE_NAMES: Record<TrainingMode, string> = { head: 'Head', finetune: 'Fine-tune' }

export const EXECUTOR_NAMES: Record<ExecutorId, string> = {
  tensorflow: 'TensorFlow',
  onnxruntime: 'ONNX Runtime',
  wasm: 'WebAssembly'
}

export const STATE_NAMES: Record<RunState, string> = {
  queued: 'Queued',
  preparing: 'Preparing',
  running: 'Running',
  paused: 'Paused',
  completed: 'Done',
  stopped: 'Stopped',
  failed: 'Failed',
  interrupted: 'Interrupted'
}
