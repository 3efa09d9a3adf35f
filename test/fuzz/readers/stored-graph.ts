/** What the studio itself keeps of an imported model. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readStoredGraph, writeStoredGraph } from '../../../main/engine/backbones/stored/stored-graph'
import { model, readModel } from '../model-files'
import type { Files, FuzzTarget } from '../target'

export const target: FuzzTarget = {
  name: 'stored-graph',
  async seeds() {
    const directory = await mkdtemp(join(tmpdir(), 'stored-'))
    try {
      const { graph } = await readModel(model('tfjs-layers'))
      const names = await writeStoredGraph(directory, graph!)
      const files: Files = {}
      for (const name of names) files[name] = await readFile(join(directory, name))
      return [{ files, entry: '' }]
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
  read: readStoredGraph
}
