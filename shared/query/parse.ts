/** Reads a filter (its language: see syntax.ts) by recursive descent. */
import { invalidQuery } from './errors'
import type { Filter, Key, Operator, Place } from './syntax'
import { tokenize, type Token } from './tokens'
import { toValue } from './values'

const OPERATORS: Readonly<Record<string, Operator>> = {
  '=': '=',
  '==': '=',
  ':': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  '~': '~',
  '!~': '!~'
}

/** Brackets within brackets; far more than anybody writes, and far less than the stack holds. */
const DEEPEST = 100

/** @returns null when nothing is asked. @throws StudioError query/invalid, with the place */
export function parseFilter(text: string): Filter | null {
  const tokens = tokenize(text)
  return tokens.length === 0 ? null : new Parser(text, tokens).whole()
}

class Parser {
  private at = 0
  private depth = 0

  constructor(
    private readonly text: string,
    private readonly tokens: readonly Token[]
  ) {}

  whole(): Filter {
    const filter = this.or()
    const rest = this.peek()
    if (rest) throw this.unexpected(rest)
    return filter
  }

  private or(): Filter {
    const items = [this.and()]
    while (this.takeWord('or')) items.push(this.and())
    return items.length === 1 ? items[0]! : { type: 'or', items }
  }

  private and(): Filter {
    const items = [this.not()]
    for (;;) {
      const joined = this.takeWord('and')
      const next = this.peek()
      if (!joined && (!next || isSign(next, ')') || isWord(next, 'or'))) break
      items.push(this.not())
    }
    return items.length === 1 ? items[0]! : { type: 'and', items }
  }

  private not(): Filter {
    if (++this.depth > DEEPEST) throw this.error(this.here(), 'it goes too deep')
    const filter: Filter = this.takeWord('not') ? { type: 'not', item: this.not() } : this.primary()
    this.depth--
    return filter
  }

  private primary(): Filter {
    const token = this.next('a condition is missing')
    if (isSign(token, '(')) {
      const inner = this.or()
      if (!this.takeSign(')')) throw this.error(token, "the bracket that opens here is not closed; a ')' is missing")
      return inner
    }
    if (token.type === 'sign') throw this.unexpected(token)
    const key: Key = { name: token.text, start: token.start, end: token.end }
    const list = this.membership(key)
    if (list) return list
    const operator = this.peek()
    const sign = operator?.type === 'sign' ? OPERATORS[operator.text] : undefined
    if (sign !== undefined) {
      this.at++
      return this.comparison(key, sign)
    }
    if (token.type === 'word' && (isWord(token, 'and') || isWord(token, 'or'))) {
      throw this.error(token, `'${token.text}' stands between two conditions; put it in quotes to look for the word`)
    }
    return { type: 'text', text: token.text }
  }

  private comparison(key: Key, operator: Operator): Filter {
    const token = this.next(`a value for '${key.name}' is missing`)
    if (token.type === 'sign') throw this.error(token, `a value for '${key.name}' is missing here`)
    const value = toValue(token)
    if (value.missing && operator !== '=' && operator !== '!=') {
      throw this.error(token, "'none' can only be asked for with '=' or '!='")
    }
    return { type: 'compare', key, operator, value }
  }

  /** `key in (…)` and `key not in (…)`; null, with nothing taken, when something else follows. */
  private membership(key: Key): Filter | null {
    const [first, second, third] = this.tokens.slice(this.at, this.at + 3)
    const negated = first !== undefined && isWord(first, 'not')
    const [word, bracket] = negated ? [second, third] : [first, second]
    if (!word || !isWord(word, 'in') || !bracket || !isSign(bracket, '(')) return null
    this.at += negated ? 3 : 2
    const values = [this.listed(key)]
    while (this.takeSign(',')) values.push(this.listed(key))
    if (!this.takeSign(')')) throw this.error(this.here(), `a ',' or ')' is missing in the list for '${key.name}'`)
    const list: Filter = { type: 'in', key, values }
    return negated ? { type: 'not', item: list } : list
  }

  private listed(key: Key) {
    const token = this.next(`a value for '${key.name}' is missing`)
    if (token.type === 'sign') throw this.error(token, `a value for '${key.name}' is missing here`)
    return toValue(token)
  }

  private peek(): Token | undefined {
    return this.tokens[this.at]
  }

  /** Where the text goes on, or its end. */
  private here(): Place {
    return this.peek() ?? { start: this.text.length, end: this.text.length }
  }

  private next(problem: string): Token {
    const token = this.peek()
    if (!token) throw this.error(this.here(), problem)
    this.at++
    return token
  }

  private takeWord(word: string): boolean {
    const token = this.peek()
    if (!token || !isWord(token, word)) return false
    this.at++
    return true
  }

  private takeSign(sign: string): boolean {
    const token = this.peek()
    if (!token || !isSign(token, sign)) return false
    this.at++
    return true
  }

  private unexpected(token: Token): Error {
    return this.error(token, `this is not expected here`)
  }

  private error(place: Place, problem: string): Error {
    return invalidQuery(this.text, place, problem)
  }
}

const isSign = (token: Token, sign: string): boolean => token.type === 'sign' && token.text === sign
/** `AND` is as good as `and`; a quoted word is only itself. */
const isWord = (token: Token, word: string): boolean => token.type === 'word' && token.text.toLowerCase() === word
