/** The verbs and their options. */
import { Command, CommanderError, Option } from 'commander'
import { heatMethodSchema } from '@shared/domain/heat'
import { StudioError } from '@shared/errors'
import { parsePort } from '../http/port'
import { advise, type AdviseOptions } from './commands/advise'
import { calibrateRun } from './commands/calibrate'
import { compareRuns } from './commands/compare'
import { listDatasets } from './commands/datasets'
import { runDemo } from './commands/demo'
import { showDevices, type MeasureOptions } from './commands/devices'
import { explainRuns, type ExplainOptions } from './commands/explain'
import { doctor } from './commands/doctor'
import { exportRun } from './commands/export'
import { fit, type FitOptions } from './commands/fit'
import { importFolder } from './commands/import'
import { predict, type PredictOptions } from './commands/predict'
import { rangeTest } from './commands/range-test'
import { reportRuns } from './commands/report'
import { pauseRun, resumeRun } from './commands/resume'
import { withConfigOptions, withCourseOptions } from './config-options'
import { addModelVerbs } from './model-verbs'
import { Output } from './output'
import { addRunTableVerbs } from './run-verbs'
import { EXIT, runCommand, type ExitCode, type GlobalOptions, type SessionOptions } from './session'
import { verb, wholeNumber, withGlobals, type Run } from './verb'

/** Parses and runs one command line, without the program's own name. @returns the exit code: 0 only on success */
export async function runProgram(args: readonly string[], session: SessionOptions): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok
  const { stdout } = session.streams
  const program = new Command('whetstone')
    .description('Import image folders, fine-tune a classifier on them, and compare runs.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: () => undefined })
  const run: Run = (options, action) => runCommand(session, options, action).then((result) => void (code = result))
  withGlobals(program)
  addDataVerbs(program, run)
  addRunVerbs(program, run)
  addModelVerbs(program, run)
  addMachineVerbs(program, run, session)
  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    return usageFailure(error, new Output(args.includes('--json'), session.streams))
  }
}

function addDataVerbs(program: Command, run: Run): void {
  verb(program, 'import', 'import a folder whose sub-folders are labels, or look at it again')
    .argument('<dir>')
    .option('--name <name>', 'what the dataset is called')
    .action((dir: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { name?: string }>()
      return run(options, (context) => importFolder(context, dir, options.name))
    })
  verb(program, 'datasets', 'list the datasets').action((_: unknown, command: Command) =>
    run(command.optsWithGlobals(), listDatasets)
  )
}

function addRunVerbs(program: Command, run: Run): void {
  withCourseOptions(
    withConfigOptions(verb(program, 'fit', 'train on a folder or on a dataset').argument('<dir|dataset>'))
  )
    .option('--name <name>', 'what the run is called')
    .action((reference: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & FitOptions>()
      return run(options, (context) => fit(context, reference, options))
    })
  withConfigOptions(
    verb(program, 'range-test', 'try learning rates from 1e-7 to 10 and suggest one').argument('<dir|dataset>')
  ).action((reference: string, _: unknown, command: Command) => {
    const options = command.optsWithGlobals<GlobalOptions & FitOptions>()
    return run(options, (context) => rangeTest(context, reference, options))
  })
  withCourseOptions(
    withConfigOptions(
      verb(
        program,
        'doctor',
        'say what is wrong with a configuration before it is trained, or with a run after it'
      ).argument('<run|dir|dataset>', 'of a run its own configuration counts, and the options do not')
    )
  ).action((reference: string, _: unknown, command: Command) => {
    const options = command.optsWithGlobals<GlobalOptions & FitOptions>()
    return run(options, (context) => doctor(context, reference, options))
  })
  verb(program, 'advise', 'say which backbone is worth its time on a dataset: accuracy against milliseconds, measured')
    .argument('<dir|dataset>')
    .option('--budget <time>', 'how long it may take, for example 90s, 10m or 1h', '5m')
    .action((reference: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & AdviseOptions>()
      return run(options, (context) => advise(context, reference, options))
    })
  verb(program, 'resume', 'go on with a run that was paused or interrupted')
    .argument('<run>', 'id, beginning of an id, or name')
    .action((reference: string, _: unknown, command: Command) =>
      run(command.optsWithGlobals(), (context) => resumeRun(context, reference))
    )
  verb(program, 'pause', 'have a run that trains end with a checkpoint, in whatever program it does')
    .argument('<run>', 'id, beginning of an id, or name')
    .action((reference: string, _: unknown, command: Command) =>
      run(command.optsWithGlobals(), (context) => pauseRun(context, reference))
    )
  addRunTableVerbs(program, run)
  verb(program, 'compare', 'compare runs: what differs, and whether one is better')
    .argument('<run...>', 'ids, beginnings of ids, or names')
    .action((references: string[], _: unknown, command: Command) =>
      run(command.optsWithGlobals(), (context) => compareRuns(context, references))
    )
  verb(program, 'calibrate', 'fit the temperature that makes a run as sure as it is right, and keep it')
    .argument('<run>', 'id, beginning of an id, or name')
    .action((reference: string, _: unknown, command: Command) =>
      run(command.optsWithGlobals(), (context) => calibrateRun(context, reference))
    )
  verb(
    program,
    'explain',
    'what the gap between two runs is made of, by experiment; without runs, the explanations so far'
  )
    .argument('[run...]', "two runs, or one to explain against 'best-practice'")
    .option('--budget <time>', 'how long it may take, for example 90s, 10m or 1h', '10m')
    .option('--seeds <n>', 'trainings of each configuration', wholeNumber)
    .action((references: string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & ExplainOptions>()
      return run(options, (context) => explainRuns(context, references, options))
    })
  verb(program, 'report', 'write a comparison of runs as one HTML file that opens offline')
    .argument('<run...>', 'ids, beginnings of ids, or names')
    .requiredOption('-o, --output <file>', 'the file; one that is there is replaced')
    .action((references: string[], _: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { output: string }>()
      return run(options, (context) => reportRuns(context, references, options.output))
    })
  verb(program, 'predict', 'classify a picture, or every picture of a folder')
    .argument('<run>')
    .argument('<file|dir>')
    .option('--csv <file>', 'write the predictions there as well')
    .option('--heat <dir>', 'draw there, for each picture, where the run looked for what it took it for')
    .addOption(
      new Option('--method <method>', 'how those are made').choices(heatMethodSchema.options).default('grad-cam')
    )
    .action((reference: string, path: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & PredictOptions>()
      return run(options, (context) => predict(context, reference, path, options))
    })
  verb(program, 'export', 'write a run as a TF.js LayersModel, with labels and preprocessing beside it')
    .argument('<run>')
    .argument('<dir>', 'new or empty')
    .action((reference: string, dir: string, _: unknown, command: Command) =>
      run(command.optsWithGlobals(), (context) => exportRun(context, reference, dir))
    )
  verb(program, 'demo', 'import the sample, train the naive recipe and the default one, and compare them').action(
    (_: unknown, command: Command) => run(command.optsWithGlobals(), runDemo)
  )
}

function addMachineVerbs(program: Command, run: Run, session: SessionOptions): void {
  verb(program, 'devices', 'what computes here, and why not something faster')
    .option('--measure', 'measure the backbones in images per second')
    .option('--benchmark', 'measure the executors: products of matrices, and backbones of three sizes')
    .action((_: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & MeasureOptions>()
      return run(options, (context) => showDevices(context, options))
    })
  verb(program, 'serve', 'open the studio in the browser')
    .option('--port <port>', 'a port of your choice; left out, any free one', '0')
    .action(async (_: unknown, command: Command) => {
      const { home, port } = command.optsWithGlobals<GlobalOptions & { port: string }>()
      await session.serve(home, parsePort(port))
      // The server lives on until a signal ends the process.
      await new Promise(() => undefined)
    })
}

function usageFailure(error: unknown, output: Output): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.ok
    const message = error.message.replace(/^error: /, '').replace(/^\(outputHelp\)$/, 'Say what to do.')
    output.failure(new StudioError('usage/invalid', message.charAt(0).toUpperCase() + message.slice(1)).toData())
    return EXIT.usage
  }
  if (error instanceof StudioError) {
    output.failure(error.toData())
    return error.code === 'usage/invalid' ? EXIT.usage : EXIT.failed
  }
  throw error
}
