/** Changes to the values of a JSON text. */
import type { Random } from '@shared/random'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const VALUES: (() => Json)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 0.5,
  () => 1e9,
  () => 2 ** 53,
  () => -1e308,
  () => '',
  () => '../../outside',
  () => '__proto__',
  () => 'constructor',
  () => [],
  () => ({}),
  () => [null, 1e9, 1e9, 1e9],
  () => nested(3000)
]

function nested(depth: number): Json {
  let value: Json = 0
  for (let level = 0; level < depth; level++) value = level % 2 ? { a: value } : [value]
  return value
}

/** Every place of a value: its holder and key. */
function places(value: Json, found: { holder: Json[] | Record<string, Json>; key: string }[] = []): typeof found {
  if (value === null || typeof value !== 'object') return found
  for (const [key, inner] of Object.entries(value)) {
    found.push({ holder: value as Json[], key })
    places(inner as Json, found)
  }
  return found
}

export function mutateJson(bytes: Uint8Array, random: Random): Uint8Array {
  const root = parse(bytes)
  // Damaged before, by a change that was not to its values.
  if (root === undefined) return bytes
  const found = places(root)
  for (let count = 1 + random.int(3); count > 0 && found.length > 0; count--) {
    const { holder, key } = found[random.int(found.length)]!
    const target = holder as Record<string, Json>
    const other = found[random.int(found.length)]!
    const choice = random.int(6)
    if (choice === 0) delete target[key]
    // A copy, since a value within itself is no JSON.
    else if (choice === 1) target[key] = copyOf((other.holder as Record<string, Json>)[other.key] ?? null)
    else if (choice === 2 && typeof target[key] === 'number') target[key] = nudge(target[key], random)
    else if (choice === 3 && typeof target[key] === 'string') target[key] = `${target[key].slice(random.int(3))}x`
    else target[key] = VALUES[random.int(VALUES.length)]!()
  }
  return write(root) ?? bytes
}

/** Through text, since a structured clone has no stack for what is nested thousands deep. */
const copyOf = (value: Json): Json => parse(write(value) ?? Buffer.from('0'))!

/** Null when nesting in nesting is too deep to be written. */
function write(value: Json): Uint8Array | null {
  try {
    return Buffer.from(JSON.stringify(value))
  } catch {
    return null
  }
}

const nudge = (value: number, random: Random): number =>
  [value + 1, value - 1, -value, value * 1000, value / 2][random.int(5)]!

function parse(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as Json
  } catch {
    return undefined
  }
}
