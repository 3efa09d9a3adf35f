/** The studio itself. */
import { z } from 'zod'
import { deviceReportSchema } from './device'
import { jobSchema } from './job'

export const systemInfoSchema = z.object({
  version: z.string(),
  door: z.enum(['window', 'browser', 'cli']),
  home: z.string(),
  platform: z.string(),
  versions: z.record(z.string(), z.string())
})
export type SystemInfo = z.infer<typeof systemInfoSchema>

/** What the status bar shows. Sent whole at each change, at most ten times a second. */
export const systemStatusSchema = z.object({
  device: deviceReportSchema,
  jobs: z.array(jobSchema),
  /** Grows with every change of datasets and of runs, so that a screen knows when to ask again. */
  revision: z.object({ datasets: z.int(), runs: z.int(), models: z.int() })
})
export type SystemStatus = z.infer<typeof systemStatusSchema>

export const settingsSchema = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  sidebarCollapsed: z.boolean().default(false)
})
export type Settings = z.infer<typeof settingsSchema>

export const folderListingSchema = z.object({
  path: z.string(),
  parent: z.string().nullable(),
  folders: z.array(z.object({ name: z.string(), path: z.string() })),
  /** Image files directly inside. */
  imageCount: z.int(),
  /** Model files directly inside, when they were asked for. */
  models: z.array(z.object({ name: z.string(), path: z.string(), bytes: z.int() }))
})
export type FolderListing = z.infer<typeof folderListingSchema>
