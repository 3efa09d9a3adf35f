/** The page that lies beside an exported model. */
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import type { TrainedModel } from '@shared/worker-protocol/infer'

const CROPS: Record<PreprocessingContract['crop'], (contract: PreprocessingContract) => string> = {
  'center-crop': ({ size, cropFraction }) =>
    `the short side is resized to ${Math.max(Math.round(size / cropFraction), size)} pixels and the central ${size} × ${size} are cut out`,
  squash: ({ size }) => `the whole picture is resized to ${size} × ${size}, its aspect ratio ignored`,
  pad: ({ size }) => `the whole picture is fitted into ${size} × ${size}, with black around it`
}

export function exportReadme({ runName, backboneId, classes, contract, temperature }: TrainedModel): string {
  const { size, colorOrder, mean, std, filter } = contract
  return `# ${runName}

An image classifier of ${classes.length} classes on ${backboneId}, as a TF.js LayersModel.

| file | what |
|---|---|
| model.json, group1-shard*.bin | the network and its weights (float32) |
| labels.json | the classes, in the order of the outputs |
| contract.json | what the network expects of its input |

## What it expects

Upright sRGB pictures without transparency (transparent ones on white). ${capitalised(CROPS[contract.crop](contract))} (${filter},
antialiased, half-pixel centres). Channels in the order ${colorOrder}; each value from 0 to 255 becomes (value − mean) / std with mean
[${mean.join(', ')}] and std [${std.join(', ')}]. The output is a probability for each class: do not apply softmax again.${calibrated(temperature)}

A picture prepared in another way costs accuracy without any error to tell of it.

## Use it

In a browser, or in Node with @tensorflow/tfjs and a canvas:

\`\`\`js
import * as tf from '@tensorflow/tfjs'

const model = await tf.loadLayersModel('model.json')
const labels = await (await fetch('labels.json')).json()

function classify(image) {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = ${size}
  const context = canvas.getContext('2d', { willReadFrequently: true })
  context.imageSmoothingQuality = 'high'
${drawing(contract)}
  const probabilities = tf.tidy(() => {
    const pixels = tf.browser.fromPixels(canvas)${colorOrder === 'BGR' ? '.reverse(2)' : ''}.toFloat()
    const input = pixels.sub([${mean.join(', ')}]).div([${std.join(', ')}]).expandDims(0)
    return model.predict(input).dataSync()
  })
  return Array.from(probabilities, (probability, index) => ({ label: labels[index], probability }))
    .sort((a, b) => b.probability - a.probability)
}
\`\`\`
`
}

function drawing({ size, crop, cropFraction }: PreprocessingContract): string {
  const white = `  context.fillStyle = '${crop === 'pad' ? 'black' : 'white'}'\n  context.fillRect(0, 0, ${size}, ${size})\n`
  if (crop === 'squash') return `${white}  context.drawImage(image, 0, 0, ${size}, ${size})`
  const side = crop === 'center-crop' ? Math.max(Math.round(size / cropFraction), size) : size
  const fit = crop === 'center-crop' ? 'Math.min' : 'Math.max'
  return `${white}  const scale = ${side} / ${fit}(image.width, image.height)
  const [width, height] = [image.width * scale, image.height * scale]
  context.drawImage(image, (${size} - width) / 2, (${size} - height) / 2, width, height)`
}

const calibrated = (temperature: number): string =>
  temperature === 1
    ? ''
    : ` The probabilities are\ncalibrated: the last layer is divided by the temperature ${temperature.toFixed(3)}, which fits validation best.`

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
