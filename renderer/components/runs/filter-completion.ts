/** What can be typed next in the filter line: names of keys, then operators, then values, then what joins conditions. */
import { tokenize, type Token } from '@shared/query/tokens'
import type { Scalar } from '@shared/domain/run-annotations'
import { keyText, valueText } from './filter-text'

export interface CompletionSource {
  keys: readonly { key: string; label: string }[]
  /** Values of a key that are known, most frequent first. */
  valuesOf(key: string): readonly Scalar[]
}

export interface Completion {
  /** Put in the place of `from`–`to`. */
  text: string
  /** Beside it: what the key is called on screen. */
  note: string
}

export interface Completions {
  from: number
  to: number
  list: Completion[]
}

const MOST = 12
const OPERATORS: readonly Completion[] = [
  { text: '=', note: 'is' },
  { text: '!=', note: 'is not' },
  { text: '~', note: 'has in it' },
  { text: '>', note: 'more than' },
  { text: '<', note: 'less than' },
  { text: '>=', note: 'at least' },
  { text: '<=', note: 'at most' },
  { text: 'in (', note: 'one of' }
]
const JOINTS: readonly Completion[] = [
  { text: 'and', note: 'both' },
  { text: 'or', note: 'either' }
]
const COMPARISONS = new Set(['=', '==', ':', '!=', '<>', '<', '<=', '>', '>=', '~', '!~'])

/** @param caret where in the text typing goes on. Within a quotation nothing is offered. */
export function completions(text: string, caret: number, source: CompletionSource): Completions {
  const nothing = { from: caret, to: caret, list: [] }
  const tokens = tokensBefore(text, caret)
  if (!tokens) return nothing
  const last = tokens.at(-1)
  const typed = last?.type === 'word' && last.end === caret ? last : null
  const before = typed ? tokens.slice(0, -1) : tokens
  const word = typed?.text ?? ''
  const at = { from: typed?.start ?? caret, to: caret }
  const found = (offered: readonly Completion[]): Completions => ({ ...at, list: matching(offered, word) })

  const listKey = openList(before)
  const operator = before.at(-1)
  if (listKey !== null || (operator?.type === 'sign' && COMPARISONS.has(operator.text))) {
    const key = listKey ?? before.at(-2)?.text
    return found((key === undefined ? [] : source.valuesOf(key)).map((value) => ({ text: valueText(value), note: '' })))
  }
  if (isCondition(before)) return typed ? found([...JOINTS, ...keysOf(source)]) : { ...at, list: [...JOINTS] }
  if (
    before.at(-1)?.type === 'word' &&
    source.keys.some(({ key }) => key === before.at(-1)!.text) &&
    !isJoint(before.at(-1)!)
  ) {
    return found(OPERATORS)
  }
  return found(keysOf(source))
}

const keysOf = ({ keys }: CompletionSource): Completion[] =>
  keys.map(({ key, label }) => ({ text: keyText(key), note: label }))

/** The text with a completion in it, and where the caret is then. */
export function complete(text: string, { from, to }: Completions, chosen: Completion): { text: string; caret: number } {
  const rest = text.slice(to)
  const space = chosen.text.endsWith('(') || /^\s/u.test(rest) ? '' : ' '
  const caret = from + chosen.text.length + 1
  return {
    text: text.slice(0, from) + chosen.text + space + rest,
    caret: chosen.text.endsWith('(') ? caret - 1 : caret
  }
}

function tokensBefore(text: string, caret: number): Token[] | null {
  try {
    return tokenize(text.slice(0, caret))
  } catch {
    return null
  }
}

const isJoint = ({ text }: Token): boolean => /^(and|or|not)$/iu.test(text)

/** Whether a comparison or a list has just been ended, so that something has to join it to the next. */
function isCondition(tokens: readonly Token[]): boolean {
  const [operator, value] = tokens.slice(-2)
  if (value?.type === 'sign') return value.text === ')'
  return operator?.type === 'sign' && COMPARISONS.has(operator.text) && value !== undefined
}

/** The key whose list is open: `state in (a, `. */
function openList(tokens: readonly Token[]): string | null {
  let at = tokens.length - 1
  while (at >= 0 && !(tokens[at]!.type === 'sign' && /^[()]$/u.test(tokens[at]!.text))) at--
  if (at < 2 || tokens[at]!.text !== '(' || tokens[at - 1]!.text.toLowerCase() !== 'in') return null
  const key = tokens[at - 2]!
  return key.text.toLowerCase() === 'not' ? (tokens[at - 3]?.text ?? null) : key.text
}

/** Those that begin so first, then those that have it somewhere; of a finished word, nothing that is the same. */
function matching(offered: readonly Completion[], word: string): Completion[] {
  if (!word) return offered.slice(0, MOST)
  const wanted = word.toLowerCase()
  const rank = ({ text, note }: Completion): number => {
    const name = text.toLowerCase()
    if (name.startsWith(wanted)) return 0
    if (name.slice(name.lastIndexOf('.') + 1).startsWith(wanted)) return 1
    return name.includes(wanted) || note.toLowerCase().includes(wanted) ? 2 : 3
  }
  return offered
    .filter(({ text }) => text !== word)
    .map((one) => ({ one, rank: rank(one) }))
    .filter((each) => each.rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one)
    .slice(0, MOST)
}
