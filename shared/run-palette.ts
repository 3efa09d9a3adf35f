/**
 * The colours of the runs. Eight pairs, one of each for a light and one for a dark background, of the same hue in both. They
 * were chosen so that any two stay apart for normal sight and under simulated protanopia, deuteranopia and tritanopia
 * (Machado, Oliveira & Fernandes 2009, severity 1), and so that each has a contrast of at least 3 : 1 on its background
 * (WCAG 2.2, 1.4.11). Colour is never the only sign: each run has a dash and a marker too.
 */

interface ThemedColor {
  light: string
  dark: string
}

export const RUN_COLORS: readonly ThemedColor[] = [
  { light: '#0a46a2', dark: '#3d77d7' },
  { light: '#b88513', dark: '#f7c15f' },
  { light: '#d7397b', dark: '#f771a0' },
  { light: '#3f7f4f', dark: '#aef1bb' },
  { light: '#955be3', dark: '#b688fe' },
  { light: '#842b02', dark: '#b95c3a' },
  { light: '#5e93ca', dark: '#85bcf5' },
  { light: '#6b3767', dark: '#9c6496' }
]

/** Lengths of stroke and gap, pixels. Five of them: coprime with eight colours, so forty runs differ in colour or in dash. */
const RUN_DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2]]

export type MarkerStyle = 'circle' | 'rect' | 'triangle' | 'rectRot'
const MARKERS: readonly MarkerStyle[] = ['circle', 'rect', 'triangle', 'rectRot']

const wrap = (index: number, count: number): number => ((Math.trunc(index) % count) + count) % count

/** The colour of the run with this index, as `#rrggbb`. */
export function runColor(index: number, dark = false): string {
  return RUN_COLORS[wrap(index, RUN_COLORS.length)]![dark ? 'dark' : 'light']
}

/** The dash of the run with this index; empty for a solid line. */
export function runDash(index: number): number[] {
  return [...RUN_DASHES[wrap(index, RUN_DASHES.length)]!]
}

/** The marker of the run with this index: another one, too, from one run of a colour to the next. */
export function runMarker(index: number): MarkerStyle {
  return MARKERS[wrap(index + Math.floor(index / RUN_COLORS.length), MARKERS.length)]!
}
