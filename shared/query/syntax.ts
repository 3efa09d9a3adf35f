/**
 * What a filter means, as a tree.
 *
 *     filter     := and ("or" and)*
 *     and        := not ("and"? not)*
 *     not        := "not" not | "(" filter ")" | comparison | text
 *     comparison := key operator value | key "not"? "in" "(" value ("," value)* ")"
 *     operator   := "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "!~" | ":"
 *     key        := word | "quoted"
 *     value      := word | "quoted"
 *     text       := word | "quoted"
 *
 * `~` finds a part of a text, whatever its case; `:` is another way to write `=`, for tags above all (`tag:good`). A value that is a
 * number compares as one, `80%` is 0.8, a date (`2026-01-31`) the moment when that day begins, `none` a value that is not there. What no
 * operator follows is looked for in names, notes, tags, datasets, backbones and presets.
 */

/** Where something is written: the first character, and the one after the last. */
export interface Place {
  start: number
  end: number
}

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | '~' | '!~'

export interface Value extends Place {
  /** As it was written, without its quotes. */
  text: string
  /** What a number, a percentage or a date comes to; null for anything else, and for whatever is quoted. */
  number: number | null
  /** `none`. */
  missing: boolean
}

export interface Key extends Place {
  name: string
}

export type Filter =
  | { type: 'and' | 'or'; items: Filter[] }
  | { type: 'not'; item: Filter }
  | { type: 'compare'; key: Key; operator: Operator; value: Value }
  | { type: 'in'; key: Key; values: Value[] }
  | { type: 'text'; text: string }

/** Every key that a filter names, in the order of its text. */
export function keysOf(filter: Filter | null): Key[] {
  if (filter === null || filter.type === 'text') return []
  if (filter.type === 'not') return keysOf(filter.item)
  return 'items' in filter ? filter.items.flatMap(keysOf) : [filter.key]
}
