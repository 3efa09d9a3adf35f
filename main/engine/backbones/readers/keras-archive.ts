/**
 * Keras 3 archives (.keras): a zip of config.json, metadata.json and model.weights.h5
 * (keras/src/saving/saving_lib.py, https://keras.io/api/models/model_saving_apis/model_saving_and_loading/).
 */
import { StudioError } from '@shared/errors'
import { z } from 'zod'
import { readModelFile } from './files'
import { readH5 } from './h5/read-h5'
import { suggestName, type ImportedModel } from './imported-model'
import { buildKerasModel } from './keras/build'
import { groupedWeights } from './keras/weights'
import { unzip } from './zip'

const CONFIG = 'config.json'
const METADATA = 'metadata.json'
const WEIGHTS = 'model.weights.h5'

/** @throws StudioError backbone/not-found, backbone/corrupt, backbone/unsupported-layer */
export async function readKerasArchive(path: string): Promise<ImportedModel> {
  const what = `'${path}'`
  const entries = unzip(await readModelFile(path), [CONFIG, METADATA, WEIGHTS], what)
  const entry = (name: string): Uint8Array => {
    const bytes = entries.get(name)
    if (!bytes) throw new StudioError('backbone/corrupt', `${what} is no Keras archive: it holds no ${name}.`)
    return bytes
  }
  const config = parseJson(entry(CONFIG), what, CONFIG)
  const metadata = z.object({ keras_version: z.string() }).safeParse(parseJson(entry(METADATA), what, METADATA))
  const { tensors } = await readH5(entry(WEIGHTS), `${WEIGHTS} in ${what}`, ['optimizer'])
  // Keras 2.12 to 2.15 wrote this format too.
  const version = metadata.success && metadata.data.keras_version.startsWith('2') ? 2 : 3
  return {
    ...buildKerasModel(config, groupedWeights(tensors), version),
    opaque: null,
    recorded: null,
    sourceFormat: `Keras archive (.keras), ${metadata.success ? `Keras ${metadata.data.keras_version}` : 'Keras'}`,
    suggestedName: suggestName(path)
  }
}

export function parseJson(bytes: Uint8Array | string, what: string, name: string): unknown {
  try {
    return JSON.parse(typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes))
  } catch (error) {
    throw new StudioError('backbone/corrupt', `${name} in ${what} is not JSON: ${(error as Error).message}.`)
  }
}
