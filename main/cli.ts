/** Door 3: the command line. Composition only. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { keepCompiledCode } from './compiled-code'
import { cacheDirectory } from './paths'

keepCompiledCode(join(cacheDirectory(process.env, process.platform, homedir()), 'code'))

// Only now, so that it profits.
void import('./cli/main').then(({ runMain }) => runMain(__dirname))
