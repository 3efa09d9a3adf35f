/** What happens to a picture on its way into the network. */
import { fine, type Field } from './field-types'

/** How far each intensity can be dragged: to where a picture is still told by a person, mostly. */
const SLIDERS: Record<string, Field['slider']> = {
  shift: { most: 0.3, step: 0.01 },
  zoom: { most: 0.5, step: 0.01 },
  rotation: { most: 45, step: 1 },
  brightness: { most: 1, step: 0.05 },
  contrast: { most: 1, step: 0.05 },
  saturation: { most: 1, step: 0.05 },
  hue: { most: 0.5, step: 0.01 },
  grayscale: { most: 1, step: 0.05 },
  blur: { most: 1, step: 0.05 },
  noise: { most: 64, step: 1 },
  cutout: { most: 0.9, step: 0.05 },
  'randAugment.operations': { most: 4, step: 1 },
  'randAugment.magnitude': { most: 10, step: 0.5 }
}

export const AUGMENTATION_FIELDS: Field[] = [
  {
    key: 'augmentation.flip',
    label: 'Mirror',
    topic: 'augmentation',
    input: 'switch',
    reason: 'Right for most pictures; switch it off where left and right mean something.'
  },
  {
    key: 'augmentation.shift',
    label: 'Shift',
    topic: 'augmentation',
    input: 'number',
    unit: 'of the side',
    reason: 'As much as a hand-held camera moves.'
  },
  {
    key: 'augmentation.zoom',
    label: 'Zoom',
    topic: 'augmentation',
    input: 'number',
    unit: 'of the size',
    reason: 'Objects come at somewhat different distances.'
  },
  {
    key: 'augmentation.rotation',
    label: 'Rotation',
    topic: 'augmentation',
    input: 'number',
    unit: '°',
    reason: 'For pictures taken at a slant; what stands upright should stay so.'
  },
  {
    key: 'augmentation.brightness',
    label: 'Brightness',
    topic: 'augmentation',
    input: 'number',
    unit: 'share',
    reason: 'Light differs from picture to picture.'
  },
  {
    key: 'augmentation.contrast',
    label: 'Contrast',
    topic: 'augmentation',
    input: 'number',
    unit: 'share',
    reason: 'Light differs from picture to picture.'
  },
  {
    key: 'augmentation.saturation',
    label: 'Saturation',
    topic: 'augmentation',
    input: 'number',
    unit: 'share',
    reason: 'Cameras differ; leave it where colour tells the class.'
  },
  {
    key: 'augmentation.hue',
    label: 'Hue',
    topic: 'augmentation',
    input: 'number',
    unit: 'of a turn',
    reason: 'Leave it where colour tells the class.'
  },
  {
    key: 'augmentation.grayscale',
    label: 'Greyscale',
    topic: 'augmentation',
    input: 'number',
    unit: 'probability',
    reason: 'How often the colours go.'
  },
  {
    key: 'augmentation.blur',
    label: 'Blur',
    topic: 'augmentation',
    input: 'number',
    unit: 'probability',
    reason: 'How often the picture is out of focus.'
  },
  {
    key: 'augmentation.noise',
    label: 'Noise',
    topic: 'augmentation',
    input: 'number',
    unit: 'of 255',
    reason: 'Standard deviation, as sensors add in the dark.'
  },
  {
    key: 'augmentation.cutout',
    label: 'Cutout',
    topic: 'augmentation',
    input: 'number',
    unit: 'of the side',
    reason: 'Hides a square: no single part may decide.'
  },
  {
    key: 'augmentation.randAugment.operations',
    label: 'RandAugment, operations',
    topic: 'augmentation',
    input: 'number',
    reason: 'How many at a time, drawn at random. 0 switches it off.'
  },
  {
    key: 'augmentation.randAugment.magnitude',
    label: 'RandAugment, strength',
    topic: 'augmentation',
    input: 'number',
    unit: 'of 10',
    reason: 'How strong each is.'
  }
].map((field) => ({ ...field, ...fine, slider: SLIDERS[field.key.replace('augmentation.', '')] }) as Field)

export const CONTRACT_FIELDS: Field[] = [
  {
    key: 'contract.size',
    label: 'Input size',
    topic: 'preprocessing',
    input: 'number',
    unit: 'px',
    reason: 'Width and height of what the network sees.'
  },
  {
    key: 'contract.crop',
    label: 'Crop',
    topic: 'preprocessing',
    input: 'choice',
    choices: [
      { value: 'center-crop', label: 'Central square' },
      { value: 'squash', label: 'Squash, aspect ratio lost' },
      { value: 'pad', label: 'Whole picture, black bars' }
    ],
    reason: 'The same in training, evaluation and prediction.'
  },
  {
    key: 'contract.cropFraction',
    label: 'Crop fraction',
    topic: 'preprocessing',
    input: 'number',
    unit: 'of the short side',
    reason: 'For the central square only.'
  },
  {
    key: 'contract.filter',
    label: 'Resize filter',
    topic: 'preprocessing',
    input: 'choice',
    choices: [
      { value: 'nearest', label: 'Nearest' },
      { value: 'bilinear', label: 'Bilinear' },
      { value: 'bicubic', label: 'Bicubic' },
      { value: 'lanczos3', label: 'Lanczos 3' }
    ],
    reason: 'Antialiased, except nearest.'
  },
  {
    key: 'contract.colorOrder',
    label: 'Channel order',
    topic: 'preprocessing',
    input: 'choice',
    choices: [
      { value: 'RGB', label: 'RGB' },
      { value: 'BGR', label: 'BGR' }
    ],
    reason: 'Networks from Caffe want BGR; nearly all others RGB.'
  },
  {
    key: 'contract.mean',
    label: 'Mean',
    topic: 'preprocessing',
    input: 'numbers',
    reason: 'Subtracted from 0–255, one number a channel.'
  },
  {
    key: 'contract.std',
    label: 'Divisor',
    topic: 'preprocessing',
    input: 'numbers',
    reason: 'Divides what is left, one number a channel.'
  }
]
