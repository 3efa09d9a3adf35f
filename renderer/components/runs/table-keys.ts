/** What a key does in the runs table. */

export type TableKey =
  | { type: 'move'; to: number; extend: boolean }
  | { type: 'toggle'; range: boolean }
  | { type: 'open' | 'all' | 'clear' | 'menu' }
  | { type: 'group'; open: boolean }
  | { type: 'act'; action: 'star' | 'rename' | 'remove' }

export interface TablePosition {
  /** The active line; −1: none yet. */
  active: number
  count: number
  /** Lines that PageDown goes over. */
  page: number
}

type Keys = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>

/** Null for a key that means nothing here. */
export function tableKey(event: Keys, { active, count, page }: TablePosition): TableKey | null {
  const { key, shiftKey: shift } = event
  if (count === 0 || event.altKey) return null
  if (event.ctrlKey || event.metaKey) return key.toLowerCase() === 'a' ? { type: 'all' } : null
  const to = {
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    PageDown: active + page,
    PageUp: active - page,
    Home: 0,
    End: count - 1
  }[key]
  if (to !== undefined) return { type: 'move', to: Math.max(0, Math.min(count - 1, to)), extend: shift }
  switch (key) {
    case ' ':
      return { type: 'toggle', range: shift }
    case 'Enter':
      return { type: 'open' }
    case 'Escape':
      return { type: 'clear' }
    case 'ArrowRight':
    case 'ArrowLeft':
      return { type: 'group', open: key === 'ArrowRight' }
    case 'm':
    case 'ContextMenu':
      return { type: 'menu' }
    case 's':
      return { type: 'act', action: 'star' }
    case 'F2':
      return { type: 'act', action: 'rename' }
    case 'Delete':
      return { type: 'act', action: 'remove' }
    default:
      return null
  }
}
