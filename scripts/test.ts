/**
 * `npm test`: installs what the tests need, builds the studio, packs the program for the window tests, and runs everything.
 * `--checks` runs the static checks as well. Ends with one plain line, `N passed, N failed`, over all of it.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { distForTests } from './dist.ts'
import { ensureBuilt } from './lib/build.ts'
import { ensureTestPackages, findChromium } from './lib/packages.ts'
import { ROOT } from './lib/root.ts'

const CHECKS = ['check:types', 'check:lint', 'check:format', 'check:imports', 'check:unused']
const RESULTS = join(ROOT, 'test', 'results')

interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  success: boolean
  testResults: { name: string; status: string; message: string; assertionResults: unknown[] }[]
}

export async function main(args: string[]): Promise<void> {
  const count = { passed: 0, failed: 0, skipped: 0 }
  const rest = args.filter((arg) => arg !== '--checks')
  rmSync(RESULTS, { recursive: true, force: true })
  mkdirSync(RESULTS, { recursive: true })
  if (args.includes('--checks')) {
    for (const check of CHECKS) {
      const ok = spawnSync('npm', ['run', '--silent', check], { cwd: ROOT, stdio: 'inherit' }).status === 0
      count[ok ? 'passed' : 'failed']++
      console.log(`${ok ? '✓' : '✗'} ${check}`)
    }
  }
  const leftOut = ensureTestPackages()
  await ensureBuilt()
  const program = await packProgram(leftOut)
  const env = {
    ...process.env,
    ...(findChromium() ? { WHETSTONE_TEST_CHROMIUM: findChromium()! } : {}),
    ...(program ? { WHETSTONE_TEST_PROGRAM: program } : {})
  }
  const file = join(RESULTS, 'vitest.json')
  const vitest = [
    join(ROOT, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`
  ]
  const status = spawnSync(process.execPath, [...vitest, ...rest], { cwd: ROOT, stdio: 'inherit', env }).status
  countReport(file, count)
  // A suite that failed outside of any test, or vitest itself failing, must not read as green.
  if (status !== 0 && count.failed === 0) count.failed++
  for (const line of leftOut) console.log(line)
  console.log(`${count.passed} passed, ${count.failed} failed${count.skipped ? `, ${count.skipped} skipped` : ''}`)
  process.exitCode = count.failed === 0 ? 0 : 1
}

async function packProgram(leftOut: string[]): Promise<string | null> {
  try {
    const program = await distForTests()
    if (!program)
      leftOut.push(
        "The window tests are left out: no Electron for tests on this platform (run npm start once to fetch Electron's own)"
      )
    return program
  } catch (error) {
    leftOut.push(`The window tests are left out: ${(error as Error).message}`)
    return null
  }
}

function countReport(file: string, count: { passed: number; failed: number; skipped: number }): void {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport
    count.passed += report.numPassedTests
    count.failed += report.numFailedTests
    count.skipped += report.numPendingTests + report.numTodoTests
    count.failed += report.testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0
    ).length
  } catch (error) {
    console.error(`vitest left no report: ${(error as Error).message}`)
    count.failed++
  }
}
