/** The traits of images as conditions on a row of `images`. */
import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { SIDE_STEPS, TALL_BELOW, WIDE_ABOVE, type ImageTrait } from '@shared/domain/image-trait'

const [HALF, FULL, DOUBLE] = SIDE_STEPS
const shortSide = sql`min(images.width, images.height)`
/** Products instead of a quotient: integers divide to integers. */
const aspect = sql`(images.width * 1.0 / images.height)`

/** Another image that the dataset holds now has the same content. `present = 1` as written: the partial index needs it. */
const sameContent = (also: RawBuilder<unknown>): RawBuilder<SqlBool> =>
  sql<SqlBool>`exists (
    select 1 from images as other
    where other.dataset_key = images.dataset_key and other.hash = images.hash and other.present = 1
      and other.id <> images.id ${also}
  )`

export const TRAIT_CONDITIONS: Record<ImageTrait, RawBuilder<SqlBool>> = {
  repeated: sameContent(sql``),
  'in-training': sameContent(sql`and other.split = 'train'`),
  conflicting: sameContent(sql`and other.label <> images.label`),
  'side-under-112': sql`${shortSide} < ${HALF}`,
  'side-112-223': sql`${shortSide} between ${HALF} and ${FULL - 1}`,
  'side-224-447': sql`${shortSide} between ${FULL} and ${DOUBLE - 1}`,
  'side-from-448': sql`${shortSide} >= ${DOUBLE}`,
  tall: sql`${aspect} < ${TALL_BELOW}`,
  squarish: sql`${aspect} between ${TALL_BELOW} and ${WIDE_ABOVE}`,
  wide: sql`${aspect} > ${WIDE_ABOVE}`
}

/** The same for a row of `predictions`. */
export const imageHasTrait = (trait: ImageTrait): RawBuilder<SqlBool> =>
  sql<SqlBool>`exists (select 1 from images where images.id = predictions.image_id and ${TRAIT_CONDITIONS[trait]})`
