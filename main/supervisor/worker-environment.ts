/** The environment that a worker process starts in. */
import { availableParallelism } from 'node:os'

const FEWEST_THREADS = 2

/**
 * libuv's pool, in which sharp decodes, gets a thread for each core: four, its default, are too few for many cores, and on two they
 * only take turns (measured: 2 % fewer features a second, 5 % more processor time). It is read once, when a process first needs it.
 * https://docs.libuv.org/en/v1.x/threadpool.html
 *
 * @param env what it sets stays
 */
export const workerEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  UV_THREADPOOL_SIZE: String(Math.max(FEWEST_THREADS, availableParallelism())),
  ...env
})
