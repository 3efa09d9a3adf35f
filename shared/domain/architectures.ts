/** The built-in architectures by id, for doors and forms; the engine has the networks. A test holds each figure against them. */

export interface ArchitectureFacts {
  name: string
  family: string
  /** What sets it apart in its family: a width (alpha), a form, a size. Empty where it is the only one. */
  variant: string
  /** Side of the pictures that its published weights were trained on, pixels. */
  size: number
  /** Of the network up to the pooled features, batch-norm's statistics included. */
  parameters: number
  /** Of the same for one picture of `size`. */
  multiplyAdds: number
}

type Row = readonly [
  id: string,
  name: string,
  family: string,
  variant: string,
  size: number,
  parameters: number,
  multiplyAdds: number
]

const ROWS: readonly Row[] = [
  ['efficientnet-lite0', 'EfficientNet-Lite0', 'EfficientNet-Lite', 'Lite0', 224, 3413024, 383907552],
  ['efficientnet-lite1', 'EfficientNet-Lite1', 'EfficientNet-Lite', 'Lite1', 240, 4189344, 598905232],
  ['efficientnet-lite2', 'EfficientNet-Lite2', 'EfficientNet-Lite', 'Lite2', 260, 4869168, 858456272],
  ['mobilenet-v2-0.35', 'MobileNetV2 0.35', 'MobileNetV2', '0.35', 224, 410208, 58005808],
  ['mobilenet-v2-0.50', 'MobileNetV2 0.50', 'MobileNetV2', '0.50', 224, 706224, 95851840],
  ['mobilenet-v2-0.75', 'MobileNetV2 0.75', 'MobileNetV2', '0.75', 224, 1382064, 207789792],
  ['mobilenet-v2-1.00', 'MobileNetV2 1.00', 'MobileNetV2', '1.00', 224, 2257984, 299494272],
  ['mobilenet-v2-1.30', 'MobileNetV2 1.30', 'MobileNetV2', '1.30', 224, 3766048, 507710560],
  ['mobilenet-v2-1.40', 'MobileNetV2 1.40', 'MobileNetV2', '1.40', 224, 4363712, 580403824],
  ['mobilenet-v3-small-0.75', 'MobileNetV3 Small 0.75', 'MobileNetV3', 'Small 0.75', 224, 583160, 41932976],
  ['mobilenet-v3-small-1.00', 'MobileNetV3 Small 1.00', 'MobileNetV3', 'Small 1.00', 224, 939120, 54896576],
  [
    'mobilenet-v3-small-1.00-minimalistic',
    'MobileNetV3 Small 1.00 minimalistic',
    'MobileNetV3',
    'Small 1.00 minimalistic',
    224,
    441000,
    50674624
  ],
  ['mobilenet-v3-large-0.75', 'MobileNetV3 Large 0.75', 'MobileNetV3', 'Large 0.75', 224, 1808736, 152359024],
  ['mobilenet-v3-large-1.00', 'MobileNetV3 Large 1.00', 'MobileNetV3', 'Large 1.00', 224, 2996352, 214080960],
  [
    'mobilenet-v3-large-1.00-minimalistic',
    'MobileNetV3 Large 1.00 minimalistic',
    'MobileNetV3',
    'Large 1.00 minimalistic',
    224,
    1437608,
    206627904
  ],
  ['resnet50', 'ResNet50', 'ResNet', '', 224, 23587712, 3855925248],
  ['resnet50-v2', 'ResNet50V2', 'ResNetV2', '', 224, 23564800, 3480207360],
  ['efficientnet-b0', 'EfficientNet-B0', 'EfficientNet', 'B0', 224, 4049564, 384534752],
  ['efficientnet-b1', 'EfficientNet-B1', 'EfficientNet', 'B1', 240, 6575232, 685522832],
  ['efficientnet-b2', 'EfficientNet-B2', 'EfficientNet', 'B2', 260, 7768562, 992153872],
  ['efficientnet-b3', 'EfficientNet-B3', 'EfficientNet', 'B3', 300, 10783528, 1825605392],
  ['mobilenet-0.25', 'MobileNet 0.25', 'MobileNet', '0.25', 224, 218544, 40774272],
  ['mobilenet-0.50', 'MobileNet 0.50', 'MobileNet', '0.50', 224, 829536, 148985088],
  ['mobilenet-0.75', 'MobileNet 0.75', 'MobileNet', '0.75', 224, 1832976, 324632448],
  ['mobilenet-1.00', 'MobileNet 1.00', 'MobileNet', '1.00', 224, 3228864, 567716352],
  ['efficientnet-v2-b0', 'EfficientNetV2-B0', 'EfficientNetV2', '', 224, 5919312, 716806176],
  ['convnext-tiny', 'ConvNeXt-Tiny', 'ConvNeXt', '', 224, 27820128, 4454763264]
]

export const ARCHITECTURE_FACTS: Readonly<Record<string, ArchitectureFacts>> = Object.fromEntries(
  ROWS.map(([id, name, family, variant, size, parameters, multiplyAdds]) => [
    id,
    { name, family, variant, size, parameters, multiplyAdds }
  ])
)

export const ARCHITECTURE_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  ROWS.map(([id, name]) => [id, name])
)

/** Sides of a picture that an architecture can be built for: each halves what it sees five times. */
export const INPUT_SIDES = { least: 32, most: 1024 } as const

/** Multiply-adds for one picture of another side: all but the gates grow with its area. */
export const multiplyAddsAt = ({ size, multiplyAdds }: ArchitectureFacts, side: number): number =>
  multiplyAdds * (side / size) ** 2
