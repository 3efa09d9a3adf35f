/** The estimate of a run in a sentence. */
import { formatCount, formatDuration } from '@shared/text/format'

export interface Estimate {
  seconds: number | null
  images: number
  classes: number
  cachedFeatures: number
}

/** 'About 1 min 40 s on this machine; 997 images, 18 classes. Features of 600 are in the cache already.' */
export function estimateText({ seconds, images, classes, cachedFeatures }: Estimate): string {
  const time =
    seconds === null
      ? 'How long it takes here is known after the first run'
      : `About ${formatDuration(seconds)} on this machine`
  const cached =
    cachedFeatures === 0
      ? ''
      : cachedFeatures >= images
        ? ' All features are in the cache already.'
        : ` Features of ${formatCount(cachedFeatures)} are in the cache already.`
  return `${time}; ${formatCount(images)} images, ${classes} classes.${cached}`
}
