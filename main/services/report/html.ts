/** HTML as values: whatever is put into a template is text, unless it is HTML already. */

export class Html {
  constructor(readonly source: string) {}
}

type Part = Html | string | number | null | undefined | false | readonly Part[]

/** A template whose parts are escaped. Lists are joined; null, undefined and false are nothing. */
export function html(texts: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(texts.reduce((whole, text, index) => whole + toSource(parts[index - 1]) + text))
}

function toSource(part: Part): string {
  if (part === null || part === undefined || part === false) return ''
  if (part instanceof Html) return part.source
  if (typeof part === 'object') return part.map(toSource).join('')
  return escapeHtml(String(part))
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign]!)
