/** What is fuzzed: a reader, and small valid models to begin from. Each file in `readers/` exports one as `target`. */

export type Files = Record<string, Uint8Array>

export interface Seed {
  /** By path, '/' between folders. These are changed. */
  files: Files
  /** What the changed files become before they are read, for example an archive of them. As they are when left out. */
  assemble?: (files: Files) => Files
  /** Which of the files is read; '' for the folder of them all. */
  entry: string
}

export interface FuzzTarget {
  name: string
  seeds(): Promise<Seed[]>
  /** Resolves, or rejects with a StudioError; anything else is a failure. */
  read(path: string): Promise<unknown>
}
