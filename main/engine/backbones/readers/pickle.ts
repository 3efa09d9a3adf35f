/**
 * A machine for Python's pickles (https://github.com/python/cpython/blob/main/Lib/pickletools.py names the operations) that
 * knows only what a table of tensors takes: numbers, strings, tuples, lists, dicts, and calls of those functions that the
 * caller lists. A pickle is a program; anything else in it is refused, so that reading one can run nothing.
 */

export type PickleFunction = (args: unknown[]) => unknown

export interface PickleWorld {
  /** By module and name, 'collections OrderedDict'; whatever is not here is refused. */
  globals: ReadonlyMap<string, unknown>
  /** What stands for an object outside the pickle. */
  persistent: (id: unknown) => unknown
}

const MARK = Symbol('mark')
const STOP = 0x2e

const text = new TextDecoder('utf-8', { fatal: true })

/**
 * @param start of a pickle in `bytes`.
 * @returns its value, where dicts are Maps and tuples arrays, and where the next byte after it is.
 * @throws Error, in words, for anything but a pickle of the known operations
 */
export function unpickle(bytes: Uint8Array, start: number, world: PickleWorld): { value: unknown; end: number } {
  const machine = new Machine(bytes, start, world)
  while (machine.step()) continue
  return { value: machine.result(), end: machine.place }
}

class Machine {
  private readonly stack: unknown[] = []
  private readonly memo = new Map<number, unknown>()
  private readonly view: DataView

  constructor(
    private readonly bytes: Uint8Array,
    public place: number,
    private readonly world: PickleWorld
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  result(): unknown {
    if (this.stack.length !== 1) throw new Error(`its pickle ends with ${this.stack.length} values`)
    return this.stack[0]
  }

  /** @returns false after the last operation. */
  step(): boolean {
    const code = this.take(1)[0]!
    if (code === STOP) return false
    const operation = OPERATIONS.get(code)
    if (!operation)
      throw new Error(`its pickle has the operation 0x${code.toString(16)}, which no table of tensors needs`)
    operation(this)
    return true
  }

  take(count: number): Uint8Array {
    if (this.place + count > this.bytes.length) throw new Error('it is cut short')
    this.place += count
    return this.bytes.subarray(this.place - count, this.place)
  }

  uint(size: 1 | 2 | 4): number {
    const start = this.place
    this.take(size)
    if (size === 4) return this.view.getUint32(start, true)
    return size === 2 ? this.view.getUint16(start, true) : this.view.getUint8(start)
  }

  /** Two's complement of any length, little-endian. */
  long(size: number): number | bigint {
    const value = [...this.take(size)].reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
    const signed = size === 0 ? 0n : BigInt.asIntN(size * 8, value)
    return signed >= Number.MIN_SAFE_INTEGER && signed <= Number.MAX_SAFE_INTEGER ? Number(signed) : signed
  }

  string(size: number): string {
    return text.decode(this.take(size))
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.place)
    if (end < 0) throw new Error('it is cut short')
    const line = this.string(end - this.place)
    this.place = end + 1
    return line
  }

  push(value: unknown): void {
    this.stack.push(value)
  }

  pop(): unknown {
    if (this.stack.length === 0) throw new Error('its pickle takes a value that is not there')
    return this.stack.pop()
  }

  top(): unknown {
    const value = this.pop()
    this.push(value)
    return value
  }

  /** All above the last mark, which goes as well. */
  popToMark(): unknown[] {
    const mark = this.stack.lastIndexOf(MARK)
    if (mark < 0) throw new Error('its pickle takes a mark that is not there')
    const values = this.stack.splice(mark)
    return values.slice(1)
  }

  store(key: number): void {
    this.memo.set(key, this.top())
  }

  recall(key: number): void {
    if (!this.memo.has(key)) throw new Error('its pickle recalls what it never stored')
    this.push(this.memo.get(key))
  }

  global(name: string): void {
    if (!this.world.globals.has(name)) throw new Error(`it asks for '${name}', which no table of tensors needs`)
    this.push(this.world.globals.get(name))
  }

  call(): void {
    const [args, callee] = [this.pop(), this.pop()]
    if (typeof callee !== 'function' || !Array.isArray(args)) throw new Error('its pickle calls what is no function')
    this.push((callee as PickleFunction)(args))
  }

  setItems(pairs: unknown[]): void {
    const dict = this.top()
    if (!(dict instanceof Map) || pairs.length % 2 !== 0) throw new Error('its pickle fills what is no dict')
    for (let index = 0; index < pairs.length; index += 2) dict.set(pairs[index], pairs[index + 1])
  }

  append(values: unknown[]): void {
    const list = this.top()
    if (!Array.isArray(list)) throw new Error('its pickle extends what is no list')
    for (const value of values) list.push(value)
  }

  persistent(): void {
    this.push(this.world.persistent(this.pop()))
  }
}

/** Tuples of a fixed length take their items from the stack, the last one on top. */
const tuple =
  (length: number) =>
  (m: Machine): void =>
    m.push(Array.from({ length }, () => m.pop()).reverse())

const OPERATIONS = new Map<number, (machine: Machine) => void>(
  Object.entries({
    '\x80': (m: Machine): void => void m.uint(1), // PROTO
    '(': (m: Machine) => m.push(MARK),
    N: (m: Machine) => m.push(null),
    '\x88': (m: Machine) => m.push(true),
    '\x89': (m: Machine) => m.push(false),
    K: (m: Machine) => m.push(m.uint(1)),
    M: (m: Machine) => m.push(m.uint(2)),
    J: (m: Machine) => m.push(m.uint(4) | 0),
    '\x8a': (m: Machine) => m.push(m.long(m.uint(1))),
    X: (m: Machine) => m.push(m.string(m.uint(4))),
    '\x8c': (m: Machine) => m.push(m.string(m.uint(1))),
    '}': (m: Machine) => m.push(new Map()),
    ']': (m: Machine) => m.push([]),
    ')': tuple(0),
    '\x85': tuple(1),
    '\x86': tuple(2),
    '\x87': tuple(3),
    t: (m: Machine) => m.push(m.popToMark()),
    q: (m: Machine) => m.store(m.uint(1)),
    r: (m: Machine) => m.store(m.uint(4)),
    h: (m: Machine) => m.recall(m.uint(1)),
    j: (m: Machine) => m.recall(m.uint(4)),
    c: (m: Machine) => m.global(`${m.line()} ${m.line()}`),
    R: (m: Machine) => m.call(),
    Q: (m: Machine) => m.persistent(),
    s: (m: Machine) => m.setItems([m.pop(), m.pop()].reverse()),
    u: (m: Machine) => m.setItems(m.popToMark()),
    a: (m: Machine) => m.append([m.pop()]),
    e: (m: Machine) => m.append(m.popToMark()),
    // BUILD: an OrderedDict's attributes, such as the version of each module, which nothing here asks for.
    b: (m: Machine): void => void m.pop()
  }).map(([code, operation]) => [code.charCodeAt(0), operation])
)
