/** Who may import whom. The reasons are in CONTRIBUTING.md, 'The map'. */
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: '^(main|renderer|preload|shared|test|scripts)/', pathNot: allowed }
})

const packageOnlyIn = (name, packages, place) => ({
  name,
  severity: 'error',
  comment: `${packages} may be imported in ${place} only`,
  from: { path: '^(main|renderer|preload|shared)/', pathNot: place },
  to: { path: `node_modules/(${packages})/` }
})

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }
    },
    { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^electron$' } },
    only('shared-stands-alone', '^shared/', '^shared/', 'what both sides import must import neither'),
    {
      name: 'shared-packages',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: 'node_modules/', pathNot: 'node_modules/(zod|@orpc/(contract|shared))/' }
    },
    only(
      'renderer-sees-shared',
      '^renderer/',
      '^(renderer|shared)/',
      'the renderer reaches the core through the contract only'
    ),
    only('preload-is-thin', '^preload/', '^(preload|shared)/', 'the bridge knows nothing of the core'),
    only(
      'engine-is-closed',
      '^main/engine/',
      '^(main/engine|shared)/',
      'the engine knows nothing of services or doors'
    ),
    only(
      'workers-are-thin',
      '^main/workers/',
      '^(main/engine|main/workers|shared)/',
      'a worker is an entry to the engine'
    ),
    only('store-is-closed', '^main/store/', '^(main/store|shared)/', 'the store knows nothing of who asks'),
    only(
      'supervisor-is-closed',
      '^main/supervisor/',
      '^(main/supervisor|shared)/',
      'the supervisor knows processes, not purposes'
    ),
    only(
      'services-see-interfaces',
      '^main/services/',
      '^(main/services|shared|main/paths\\.ts|main/store/store\\.ts|main/supervisor/)',
      'services talk to the store and to workers through their interfaces'
    ),
    packageOnlyIn(
      'electron-only-at-its-door',
      'electron',
      '^(main/app\\.ts|main/platform/|main/supervisor/utility-host\\.ts|preload/)'
    ),
    packageOnlyIn('sqlite-only-in-store', 'better-sqlite3|kysely', '^main/store/'),
    packageOnlyIn('tensors-only-in-engine', '@tensorflow|onnxruntime-(node|web|common)|sharp', '^main/engine/'),
    {
      name: 'product-does-not-see-tests',
      severity: 'error',
      from: { path: '^(main|renderer|preload|shared)/' },
      to: { path: '^(test|scripts)/' }
    }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types']
    }
  }
}
