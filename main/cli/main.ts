/** The program of the command line, from its arguments to its exit code. */
import { openLocalStudio } from '../local-studio'
import { runProgram } from './program'

/** @param outDirectory out/main, where the built files lie */
export async function runMain(outDirectory: string): Promise<void> {
  // A pipe that closes early (`… | head`) is the reader's choice, not a failure of the command.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  process.exitCode = await runProgram(process.argv.slice(2), {
    streams: { stdout: process.stdout, stderr: process.stderr },
    openStudio: (home) => openLocalStudio({ outDirectory, home, door: 'cli' }),
    serve: async (home, port) => {
      // The server and its router are for this verb alone.
      const { serveStudio } = await import('../http/serve-studio')
      await serveStudio({ outDirectory, home, port })
    }
  })
  // Output to a pipe may still be on its way: an empty write is called back after all before it.
  process.stdout.write('', () => process.exit())
}
