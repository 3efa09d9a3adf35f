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

/** How the table of runs was left. */
export const runsTableSettingsSchema = z.object({
  /** In their order; the name comes before them. Width in pixels. */
  columns: z.array(z.object({ key: z.string().min(1).max(300), width: z.int().min(1).max(4000) })).max(300),
  sort: z.array(z.object({ key: z.string().min(1).max(300), descending: z.boolean() })).max(8),
  groupBy: z.array(z.string().min(1).max(300)).max(6)
})
export type RunsTableSettings = z.infer<typeof runsTableSettingsSchema>

const themeSchema = z.enum(['system', 'light', 'dark'])

export const settingsSchema = z.object({
  theme: themeSchema.default('system'),
  sidebarCollapsed: z.boolean().default(false),
  /** Left out until a column is chosen. */
  runsTable: runsTableSettingsSchema.optional()
})
export type Settings = z.infer<typeof settingsSchema>

/** What is to change. Without defaults: what is not named stays as it is. */
export const settingsChangeSchema = z.object({
  theme: themeSchema.optional(),
  sidebarCollapsed: z.boolean().optional(),
  runsTable: runsTableSettingsSchema.optional()
})

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
