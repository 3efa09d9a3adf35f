/** What a drop holds. A browser tells folders from files, yet never says where they are; the window's bridge does. */

export interface Dropped {
  folders: { name: string; file: File | null }[]
  files: File[]
}

/** Sorts a drop into folders and files. Must be called during the event: its items are gone afterwards. */
export function readDrop(transfer: DataTransfer): Dropped {
  const dropped: Dropped = { folders: [], files: [] }
  for (const item of Array.from(transfer.items)) {
    if (item.kind !== 'file') continue
    const entry = item.webkitGetAsEntry?.() ?? null
    const file = item.getAsFile()
    if (entry?.isDirectory) dropped.folders.push({ name: entry.name, file })
    else if (file) dropped.files.push(file)
  }
  return dropped
}

/** Absolute path of what was dropped, or null where there is no bridge to tell it. */
export function pathOf(file: File | null): string | null {
  if (!file) return null
  return window.whetstone?.pathForFile(file) || null
}

export const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false
