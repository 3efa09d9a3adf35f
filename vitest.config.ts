import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const shared = fileURLToPath(new URL('./shared', import.meta.url))

/** Native addons and worker processes want a process of their own; the rest runs in threads. */
const project = (name: string, pool: 'threads' | 'forks', timeoutMs: number, serial = false) => ({
  extends: true as const,
  test: {
    name,
    pool,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    fileParallelism: !serial
  }
})

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@shared': shared } },
  test: {
    projects: [
      project('unit', 'threads', 10_000),
      project('contract', 'forks', 60_000),
      project('store', 'forks', 60_000),
      project('engine', 'forks', 300_000, true),
      project('parity', 'forks', 600_000, true),
      project('e2e', 'forks', 600_000, true)
    ]
  }
})
