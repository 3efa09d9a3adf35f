/// <reference types="vite/client" />
import type { WhetstoneBridge } from '@shared/bridge'

declare global {
  interface Window {
    /** Only in the desktop window. */
    readonly whetstone?: WhetstoneBridge
  }
}
