/** The built-in architectures as they are shown: by family, each with its variants. */
import { ARCHITECTURE_FACTS, type ArchitectureFacts } from '@shared/domain/architectures'
import { millions } from './model-text'

export interface Variant extends ArchitectureFacts {
  id: string
}

export interface Family {
  /** What the list calls it: the family, or the only architecture in it. */
  title: string
  /** What a variant is in this family. */
  choice: string
  variants: Variant[]
}

const ofWidths = (variants: readonly Variant[]): boolean => variants.every(({ variant }) => /^\d/.test(variant))

export const FAMILIES: ReadonlyMap<string, Family> = families()

function families(): Map<string, Family> {
  const found = new Map<string, Variant[]>()
  for (const [id, facts] of Object.entries(ARCHITECTURE_FACTS)) {
    found.set(facts.family, [...(found.get(facts.family) ?? []), { id, ...facts }])
  }
  return new Map(
    [...found].map(([family, variants]) => {
      const [first] = variants as [Variant]
      const title = variants.length === 1 ? first.name : family
      const wide = variants.some(({ variant }) => /\d\.\d/.test(variant))
      return [
        family,
        { title, choice: ofWidths(variants) ? 'Width (alpha)' : wide ? 'Form and width' : 'Variant', variants }
      ]
    })
  )
}

/** The variant whose weights most files hold: the full width, or the first. */
export const usualOf = ({ variants }: Family): Variant =>
  variants.find(({ variant }) => /1\.00$/.test(variant)) ?? variants[0]!

/** '0.411 to 4.36 M', '23.6 M'. */
export function parameterRange({ variants }: Family): string {
  const counts = variants.map(({ parameters }) => parameters).sort((a, b) => a - b)
  const [low, high] = [counts[0]!, counts.at(-1)!].map(millions)
  return low === high ? low! : `${low!.replace(' M', '')} to ${high}`
}

/** 'widths 0.35 to 1.40 · sees 224²' */
export function familyText(family: Family): string {
  const { variants } = family
  const sizes = variants.map(({ size }) => size)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  const names = variants.map(({ variant }) => variant)
  const which =
    variants.length === 1 ? [] : ofWidths(variants) ? [`widths ${names[0]} to ${names.at(-1)}`] : [namesText(names)]
  return [...which, `sees ${least === most ? '' : `${least}² to `}${most}²`].join(' · ')
}

const namesText = (names: readonly string[]): string =>
  names.length > 4 ? `${names.length} variants` : names.join(', ')
