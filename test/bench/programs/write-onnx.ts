/** Writes a backbone as the ONNX model that Whetstone runs, for peers that run it too. Arguments: backbones folder, backbone, file. */
import { writeFile } from 'node:fs/promises'
import { networkToOnnx } from '../../../main/engine/backbones/onnx/network-to-onnx'
import { openBackbone } from './open-backbone'
import { serveLines } from './serve-lines'

async function main([backbones, id, file]: string[]): Promise<void> {
  const { features } = await openBackbone(backbones!, id!)
  await serveLines(async () => {
    const model = networkToOnnx(features!)
    await writeFile(file!, model)
    return { bytes: model.byteLength }
  })
}

void main(process.argv.slice(2))
