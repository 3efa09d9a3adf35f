/** What a detector is: it looks at what a training did lately, and says what is wrong with it now, or nothing. */
import type { LiveFinding } from '@shared/domain/live-finding'
import type { Recent } from './recent'

/**
 * Pure. What stands already stands until it is clearly over, so that a finding does not come and go with every step: the
 * thresholds to raise it are harder than those to keep it.
 *
 * @param standing whether it was found the time before
 */
export type Detector = (recent: Recent, standing: boolean) => LiveFinding | null
