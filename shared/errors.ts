/**
 * Coded errors. Every failure a person can meet has a code `area/what`, a sentence that says what was wrong and where, and a
 * hint that says what to do. The same error is shown by the window, the browser and the command line.
 */
import { z } from 'zod'

/** What to do about each code, in one sentence. A code that is not listed here does not exist. */
export const ERROR_HINTS = {
  'dataset/not-found': 'Check the name or id with `datasets`, or import the folder again.',
  'dataset/ambiguous': 'Give the id of the dataset.',
  'dataset/folder-missing': 'Reconnect the drive or move the folder back, then import it again.',
  'dataset/not-a-folder': 'Choose a folder whose sub-folders are the labels.',
  'dataset/unreadable-folder': 'Give yourself permission to read the folder, then import it again.',
  'dataset/empty': 'Choose a folder that holds one sub-folder of images for each label.',
  'dataset/no-labels': 'Put the images into one sub-folder for each label, then import the parent folder.',
  'dataset/one-class': 'Add a second sub-folder: a classifier needs at least two labels.',
  'dataset/empty-split': 'Add images: training, validation and test each need at least one.',
  'dataset/empty-class': 'Add images to that label, or remove its folder, then import again.',
  'dataset/busy': 'Wait for the import in progress to end, or stop it.',
  'dataset/in-use': 'Remove or finish the runs on this dataset first.',
  'image/not-found': 'Import the folder again to notice what moved.',
  'image/empty-file': 'Replace or delete the file: it holds no bytes.',
  'image/unsupported': 'Convert it to JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF.',
  'image/corrupt': 'Replace the file: its contents are damaged or cut short.',
  'image/too-large': 'Scale it down: images over 178 megapixels are refused.',
  'image/unreadable': 'Give yourself permission to read the file.',
  'image/bad-name': 'Rename it: only names in valid Unicode can be read.',
  'image/unlabelled': 'Move it into a sub-folder that is named after its label.',
  'image/outside': 'Copy what the link leads to into the folder: only what lies inside the imported folder is read.',
  'image/changed': 'Import the folder again: the file is not the one that was imported.',
  'image/vanished': 'The file was there when the import began; import again once the folder is at rest.',
  'backbone/not-found': 'Choose one of the backbones that `models` lists.',
  'backbone/corrupt': 'Restore the file from where it came: its contents do not match the description.',
  'backbone/unsupported-layer': 'Choose another backbone: this one has a layer that Whetstone cannot run.',
  'backbone/unsupported-input':
    'Choose a backbone that takes square pictures of red, green and blue, of 16 to 1,024 pixels a side.',
  'backbone/not-trainable': 'Train a head on it, or import its trainable twin and fine-tune that.',
  'backbone/opaque': 'Use a backbone that is kept as layers: a built-in one, or the trainable twin of this one.',
  'backbone/incomplete':
    'Import a file that holds every weight of one of the built-in architectures, or import the model as is.',
  'backbone/unknown-format':
    'Choose a TF.js folder, a Keras .h5 or .keras file, a TensorFlow SavedModel (folder or .tar.gz), or an ONNX file.',
  'backbone/parity': 'Do not use this backbone: its two forms disagree. Please report it.',
  'backbone/changed': 'Import again the model that the run was trained on, under the same name, or train the run anew.',
  'backbone/ambiguous': 'Give the id of the backbone; `models list` shows it.',
  'backbone/embedded': 'Import or fetch another backbone: those that come with Whetstone stay as they are.',
  'backbone/in-use': 'Remove those runs first, or remove the backbone all the same with --force.',
  'backbone/exists': 'It is here already: choose it for a run, or remove it first.',
  'backbone/no-source': 'Give the path of a model: a file (.h5, .keras, .onnx, .tar.gz) or a folder.',
  'backbone/unknown-architecture': 'Choose one of the architectures that are named, or leave it out.',
  'backbone/unknown-offer': 'Choose one of the backbones that are named.',
  'backbone/no-pip': 'Install Python 3.9 or newer with pip, then fetch it again.',
  'backbone/no-network': 'Connect to a network, then fetch it again.',
  'backbone/fetch-failed': 'Fetch it again; the log has the details.',
  'config/invalid': 'Correct the setting that is named.',
  'config/unknown-key': 'Check the spelling of the setting; `fit --help` lists them.',
  'run/not-found': 'Check the id or name with `runs`.',
  'run/ambiguous': 'Give more characters of the id.',
  'run/not-active': 'Only a run that is queued or running can be stopped.',
  'run/active': 'Stop the run first.',
  'run/not-removed': 'Remove the run first; only removed runs can be deleted for good.',
  'query/invalid': 'Correct the filter at that place, for example: preset = default and test.accuracy > 0.8.',
  'run/no-checkpoint': 'Train it again: this run ended before it had a checkpoint.',
  'run/crashed': 'Resume it: it goes on from its last checkpoint.',
  'run/not-resumable': 'Only a run that was paused or interrupted can be resumed; duplicate it to train it anew.',
  'run/not-pausable': 'Let it come to its end, or stop it.',
  'run/dataset-changed': 'Duplicate the run to train it on the images as they are now.',
  'run/backbone-changed': 'Duplicate the run to train it on the backbone as it is now.',
  'run/checkpoint-damaged': 'Nothing to do: the run went on from the checkpoint before.',
  'run/checkpoint-unwritten':
    'Free some disk space: until then a crash costs what was trained since the last checkpoint.',
  'run/uncalibratable': 'Let a run come to its end on images of both splits, then calibrate it.',
  'run/no-predictions': 'Let a run come to its end; then it has been tested.',
  'run/diverged': 'Lower the learning rate, or use the default preset.',
  'run/different-datasets': 'Compare runs of one dataset.',
  'compare/too-few': 'Choose at least two runs.',
  'advice/not-found': 'Ask for it anew.',
  'advice/no-backbone': 'Fetch or import a backbone with trained weights.',
  'doctor/no-repair': 'Look at the run again: the finding may be over, or has to be repaired by hand.',
  'explain/not-found': 'Check the id with `explain` without runs.',
  'explain/same-run': 'Choose two runs that differ.',
  'explain/active': 'Wait until it has ended, or stop it.',
  'explain/imported': 'Choose a run that was trained here: only its settings are known well enough to train it again.',
  'explain/not-ended': 'Wait until the run has ended.',
  'explain/no-difference': 'Choose runs whose settings differ; what differs by chance alone is told by `compare`.',
  'runtime/no-python': 'Install Python 3.9 or newer with pip, then retry. Heads train without it.',
  'runtime/no-pip': 'Install pip for the Python that was found, then retry. Heads train without it.',
  'runtime/no-compiler': 'Install g++ or clang, then retry. Heads train without it.',
  'runtime/no-network': 'Connect to a network once, then retry. Heads train without it.',
  'runtime/unsupported-platform': 'Use the studio with ONNX Runtime: heads train, fine-tuning does not.',
  'runtime/corrupt': 'Retry: the download did not match its hash and was deleted.',
  'runtime/failed': 'Retry from Devices; the log says what went wrong. Heads train without it.',
  'runtime/not-ready': 'Wait until TensorFlow is prepared (the status bar shows it), or train a head.',
  'runtime/disk-full': 'Free about 2 GB of disk, then retry.',
  'device/no-bfloat16': "Set 'fineTune.precision' to 'float32': it trains everywhere.",
  'device/no-int8': "Set 'frozenPrecision' to 'float32': it runs everywhere.",
  'device/no-executor': 'Install the dependencies again with `npm ci`.',
  'store/newer': 'Update Whetstone: this database was written by a newer version.',
  'store/corrupt': 'Restore the database from a backup, or choose another --home. Nothing was changed.',
  'store/locked': 'Close the other program that holds the database, then try again.',
  'store/disk-full': 'Free some disk space, then try again. What was stored before is intact.',
  'store/closed': 'Start Whetstone again: what was stored before is intact.',
  'store/unwritable': 'Choose a folder that you may write to with --home.',
  'export/exists': 'Choose an empty or new folder.',
  'export/parity': 'Do not use this export: its predictions differ from the run. Please report it.',
  'export/unsupported-layer': 'The run predicts here as before; to take it away, train it on another backbone.',
  'interop/nothing-found': "Choose TensorBoard's log folder, or MLflow's mlruns folder.",
  'interop/unreadable': 'Give the whole path of a folder that you may read.',
  'export/failed': 'Check that the folder can be written to, then try again.',
  'predict/no-images': 'Give an image file, or a folder that holds images.',
  'upload/too-large': 'Use a file under 64 MB.',
  'request/forbidden': 'Open the address that the studio printed, with its token.',
  'request/unreachable': 'Check that the studio still runs; the screen reconnects by itself.',
  'request/invalid': 'Correct the value that is named.',
  'usage/invalid': 'Run the command with --help.',
  'worker/crashed': 'Try again; the log has the details.',
  'job/not-found': 'The job has already ended.',
  'job/not-stoppable': 'Wait until it has ended.',
  'job/cancelled': 'Start it again when you like.',
  internal: 'Try again. If it stays, report it with the log id.'
} as const

export type ErrorCode = keyof typeof ERROR_HINTS

export const errorCodeSchema = z.enum(Object.keys(ERROR_HINTS) as [ErrorCode, ...ErrorCode[]])

/** An error as it crosses a process: plain data. */
export const errorDataSchema = z.object({
  code: errorCodeSchema,
  /** One sentence: what was wrong, and where. */
  message: z.string(),
  /** One sentence: what to do. */
  hint: z.string(),
  details: z.record(z.string(), z.unknown()).default({})
})
export type ErrorData = z.infer<typeof errorDataSchema>

/** An expected failure, with a code. Anything that is not a StudioError is a defect and becomes `internal` at the door. */
export class StudioError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StudioError'
    this.code = code
    this.hint = ERROR_HINTS[code]
    this.details = details
  }

  toData(): ErrorData {
    return { code: this.code, message: this.message, hint: this.hint, details: this.details }
  }

  static fromData(data: ErrorData): StudioError {
    return new StudioError(data.code, data.message, data.details)
  }
}

/** Any thrown value as plain data. An unexpected one becomes `internal`; its text stays in `details.cause` for the log. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof StudioError) return error.toData()
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: 'internal',
    message: `Something unexpected happened: ${message}`,
    hint: ERROR_HINTS.internal,
    details: { cause }
  }
}
