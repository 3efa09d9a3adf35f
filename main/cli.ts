/** Door 3: the command line. Composition only. */
import { runProgram } from './cli/program'
import { openLocalStudio } from './local-studio'

// A pipe that closes early (`… | head`) is the reader's choice, not a failure of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

void runProgram(process.argv.slice(2), {
  streams: { stdout: process.stdout, stderr: process.stderr },
  openStudio: (home) => openLocalStudio({ outDirectory: __dirname, home, door: 'cli' }),
  serve: async (home, port) => {
    // The server and its router are for this verb alone.
    const { serveStudio } = await import('./http/serve-studio')
    await serveStudio({ outDirectory: __dirname, home, port })
  }
}).then((code) => {
  process.exitCode = code
  // Output to a pipe may still be on its way: an empty write is called back after all before it.
  process.stdout.write('', () => process.exit())
})
