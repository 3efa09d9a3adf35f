/**
 * `node scripts/run.mjs NAME …` runs scripts/NAME.ts. Plain JavaScript, so that a Node too old for everything else can still
 * say what to do.
 */
const NEEDED = [22, 18]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  console.error(
    `Whetstone needs Node ${NEEDED.join('.')} or newer, and this is ${process.versions.node}. Run it through npm (npm start), ` +
      `which brings its own Node on Linux x64, Windows x64 and macOS arm64 unless optional dependencies were left out; ` +
      `elsewhere install Node 24.`
  )
  process.exit(1)
}
process.removeAllListeners('warning') // type stripping is announced as experimental on every start
const [name, ...rest] = process.argv.slice(2)
if (!/^[a-z]+$/.test(name ?? '')) {
  console.error('usage: node scripts/run.mjs start|test|whetstone|dev|bench|fuzz|dist …')
  process.exit(2)
}
try {
  const { main } = await import(`./${name}.ts`)
  await main(rest)
} catch (error) {
  console.error(process.env.DEBUG ? error : error.message)
  process.exitCode = 1
}
