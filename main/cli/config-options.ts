/** The options that make a configuration: the same for whatever trains with one, or looks at one. */
import { Option, type Command } from 'commander'
import { presetIdSchema, trainingModeSchema } from '@shared/domain/training-config'
import { wholeNumber } from './verb'

export const withConfigOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--mode <mode>', "what learns; left out, the preset's own").choices(trainingModeSchema.options)
    )
    .addOption(
      new Option('--preset <preset>', 'where the settings come from').choices(presetIdSchema.options).default('default')
    )
    .option('--backbone <name>', 'id or name of a backbone that `models` lists')
    .option('--seed <n>', 'seed of the run: first weights, order, augmentation', wholeNumber)
    .option('--set <key=value...>', 'any setting, for example head.learningRate=0.01; may be repeated', collect, [])

/** Of what trains: how long, and on which split. */
export const withCourseOptions = (command: Command): Command =>
  command
    .option('--epochs <n>', 'epochs of the mode', wholeNumber)
    .option('--split-seed <n>', 'seed of the train/validation/test split', wholeNumber)

const collect = (value: string, values: string[]): string[] => [...values, value]
