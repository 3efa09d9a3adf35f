/**
 * Builds the three doors, the workers and the store's thread to CommonJS (a sandboxed preload cannot be ESM), and the
 * renderer to a folder that both doors serve. `WHETSTONE_OUT` builds elsewhere than out/.
 */
import { resolve } from 'node:path'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'
import { nuxtUiOptions } from './renderer/theme/nuxt-ui'

const at = (path: string): string => resolve(import.meta.dirname, path)
const out = process.env['WHETSTONE_OUT'] ?? at('out')
const alias = { '@shared': at('shared') }

/** Native, or found by its place on disk at run time: these stay in node_modules. Everything else is bundled. */
const external = [
  'electron',
  'better-sqlite3',
  'sharp',
  'onnxruntime-node',
  'onnxruntime-web',
  /^@tensorflow\//,
  /^@mapbox\//,
  /^node:/
]

export default defineConfig({
  main: {
    resolve: { alias },
    build: {
      outDir: resolve(out, 'main'),
      target: 'node18',
      externalizeDeps: false,
      rollupOptions: {
        external,
        input: {
          app: at('main/app.ts'),
          serve: at('main/serve.ts'),
          cli: at('main/cli.ts'),
          'store-thread': at('main/store/thread.ts'),
          augment: at('main/engine/threads/augment.ts'),
          'h5-file': at('main/engine/threads/h5-file.ts'),
          'onnx-session': at('main/engine/threads/onnx-session.ts'),
          'workers/import': at('main/workers/import.ts'),
          'workers/train': at('main/workers/train.ts'),
          'workers/infer': at('main/workers/infer.ts'),
          'workers/runtime': at('main/workers/runtime.ts'),
          'workers/models': at('main/workers/models.ts'),
          'workers/doctor': at('main/workers/doctor.ts')
        },
        output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name]-[hash].cjs' }
      }
    }
  },
  preload: {
    resolve: { alias },
    build: {
      outDir: resolve(out, 'preload'),
      externalizeDeps: false,
      rollupOptions: {
        external: ['electron'],
        input: { preload: at('preload/preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' }
      }
    }
  },
  renderer: {
    root: at('renderer'),
    resolve: { alias },
    plugins: [vue(), ui(nuxtUiOptions)],
    build: {
      outDir: resolve(out, 'renderer'),
      emptyOutDir: true,
      target: 'chrome114',
      minify: true,
      rollupOptions: { input: { index: at('renderer/index.html') } }
    }
  }
})
