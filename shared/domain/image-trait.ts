/**
 * What sets some images of a split apart from the others, as far as the store knows it: whether their content is repeated, and
 * their size and shape. A run's figures can be taken over such images alone.
 */
import { z } from 'zod'

export const imageTraitSchema = z.enum([
  'repeated',
  'in-training',
  'conflicting',
  'side-under-112',
  'side-112-223',
  'side-224-447',
  'side-from-448',
  'tall',
  'squarish',
  'wide'
])
export type ImageTrait = z.infer<typeof imageTraitSchema>
export const IMAGE_TRAITS = imageTraitSchema.options

/** Short sides, pixels, at which the sizes part: half of, all of and twice the 224 that most backbones see. */
export const SIDE_STEPS = [112, 224, 448] as const
/** Width over height up to which a picture is tall, and from which on it is wide. */
export const TALL_BELOW = 3 / 4
export const WIDE_ABOVE = 4 / 3

export type TraitGroup = 'content' | 'size' | 'shape'

interface TraitText {
  group: TraitGroup
  /** As a row of a table: 'Also in training'. */
  label: string
  hint: string
}

export const TRAIT_TEXTS: Record<ImageTrait, TraitText> = {
  repeated: {
    group: 'content',
    label: 'Duplicates',
    hint: 'Another file of the dataset has the same content.'
  },
  'in-training': {
    group: 'content',
    label: 'Also in training',
    hint: 'The same content was trained on: what is right here says little.'
  },
  conflicting: {
    group: 'content',
    label: 'Under two labels',
    hint: 'The same content stands under another label too: one of the two is wrong.'
  },
  'side-under-112': {
    group: 'size',
    label: 'Short side under 112 px',
    hint: 'Enlarged to more than twice their size before the backbone sees them.'
  },
  'side-112-223': {
    group: 'size',
    label: '112 to 223 px',
    hint: 'Enlarged before a backbone of 224 pixels sees them.'
  },
  'side-224-447': { group: 'size', label: '224 to 447 px', hint: 'Short side, after EXIF rotation.' },
  'side-from-448': { group: 'size', label: '448 px and more', hint: 'Short side, after EXIF rotation.' },
  tall: { group: 'shape', label: 'Tall', hint: 'Narrower than 3 : 4.' },
  squarish: { group: 'shape', label: 'Nearly square', hint: 'Between 3 : 4 and 4 : 3.' },
  wide: { group: 'shape', label: 'Wide', hint: 'Wider than 4 : 3.' }
}

/** Part of a split: the images of one class, or with one trait, or both; empty for all. */
export const reportSliceSchema = z.object({
  /** The true class. */
  label: z.string().optional(),
  trait: imageTraitSchema.optional()
})
export type ReportSlice = z.infer<typeof reportSliceSchema>
