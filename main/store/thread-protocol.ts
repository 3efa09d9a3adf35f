/** What the store's thread and its owner say to each other. Both ends are built together, so that types suffice. */
import type { ErrorData } from '@shared/errors'
import type { StoreCall } from './backend'

export interface ThreadData {
  file: string
}

export type ThreadRequest = { type: 'call'; id: number; call: StoreCall } | { type: 'close' }

export type ThreadMessage =
  | { type: 'opened' }
  | { type: 'failed'; error: ErrorData }
  | { type: 'answer'; id: number; value: unknown }
  | { type: 'error'; id: number; error: ErrorData }
