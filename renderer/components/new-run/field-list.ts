/** The settings of the form, topic by topic, each with the reason for its recommended value. */
import { BALANCE_FIELDS, SCHEDULE_FIELDS, STOPPING_FIELDS } from './course-fields'
import type { Field } from './field-types'
import { FINE_TUNE_FIELDS } from './fine-tune-fields'
import { HEAD_FIELDS } from './head-fields'
import { AUGMENTATION_FIELDS } from './picture-fields'

export { CONTRACT_FIELDS } from './picture-fields'
export type { Field, Topic } from './field-types'

export const FIELDS: readonly Field[] = [
  ...HEAD_FIELDS,
  ...FINE_TUNE_FIELDS,
  ...SCHEDULE_FIELDS,
  ...AUGMENTATION_FIELDS,
  ...BALANCE_FIELDS,
  ...STOPPING_FIELDS
]
