/** What all verbs have in common. */
import type { Command } from 'commander'
import { StudioError } from '@shared/errors'
import type { CommandContext, ExitCode, GlobalOptions } from './session'

type Action = (context: CommandContext) => Promise<ExitCode>

/** Runs one verb's work in a studio of its own. */
export type Run = (options: GlobalOptions, action: Action) => Promise<void>

/** Global options may stand before or after the verb. */
export const withGlobals = (command: Command): Command =>
  command
    .option('--json', 'print one JSON document on standard output')
    .option('--home <dir>', 'where the database and caches live (or WHETSTONE_HOME)')

export const verb = (program: Command, usage: string, description: string): Command =>
  withGlobals(program.command(usage).description(description))

/** @throws StudioError usage/invalid */
export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text)
  throw new StudioError('usage/invalid', `'${text}' is not a whole number.`)
}
