/** A filter's text, cut into words, quoted texts and signs. */
import { invalidQuery } from './errors'
import type { Place } from './syntax'

export type Token = Place &
  ({ type: 'word'; text: string } | { type: 'quoted'; text: string } | { type: 'sign'; text: string })

/** Longer ones first: `<=` is not `<` and `=`. */
const SIGNS = ['==', '!=', '<>', '<=', '>=', '!~', '=', '<', '>', '~', ':', '(', ')', ',']

const WHITESPACE = /\s/u
/** What ends a word. An exclamation mark does so only as a part of a sign, so that a name may hold one. */
const ENDS_WORD = /[\s()=<>~:,"']/u

/** @throws StudioError query/invalid where a quotation has no end */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const character = text[at]!
    if (WHITESPACE.test(character)) {
      at++
      continue
    }
    const token = quoted(text, at) ?? sign(text, at) ?? word(text, at)
    tokens.push(token)
    at = token.end
  }
  return tokens
}

/** In double or single quotes; a backslash takes the meaning from a quote, and from a backslash. */
function quoted(text: string, start: number): Token | null {
  const quote = text[start]
  if (quote !== '"' && quote !== "'") return null
  let content = ''
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === quote) return { type: 'quoted', text: content, start, end: at + 1 }
    if (text[at] === '\\' && (text[at + 1] === quote || text[at + 1] === '\\')) at++
    content += text[at]
  }
  throw invalidQuery(text, { start, end: text.length }, `the quotation that begins here has no end`)
}

function sign(text: string, start: number): Token | null {
  const found = SIGNS.find((one) => text.startsWith(one, start))
  return found === undefined ? null : { type: 'sign', text: found, start, end: start + found.length }
}

function word(text: string, start: number): Token {
  let end = start + 1
  while (end < text.length && !ENDS_WORD.test(text[end]!) && !/^!(=|~)/u.test(text.slice(end, end + 2))) end++
  return { type: 'word', text: text.slice(start, end), start, end }
}
