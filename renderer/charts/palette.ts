/** Colours as the charts need them; those of the runs are in shared/run-palette.ts. */
export { runColor, runDash, runMarker, RUN_COLORS, type MarkerStyle } from '@shared/run-palette'

/** `#rrggbb` with an opacity from 0 to 1, as `rgb(r g b / a)`. */
export function withOpacity(hex: string, opacity: number): string {
  const [red, green, blue] = hexChannels(hex)
  return `rgb(${red} ${green} ${blue} / ${opacity})`
}

/** `#rrggbb` or the theme's `rgb(r, g, b)`, so faint that a curve can stand behind itself. */
export function faint(color: string): string {
  return color.startsWith('#') ? withOpacity(color, 0.25) : color.replace('rgb(', 'rgba(').replace(')', ', 0.35)')
}

/** Red, green and blue of `#rrggbb`, 0–255. */
export function hexChannels(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

/** Contrast ratio of two colours, 1–21 (WCAG 2.2, relative luminance). */
export function contrastRatio(first: string, second: string): number {
  const [high, low] = [luminance(first), luminance(second)].sort((a, b) => b - a) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

function luminance(hex: string): number {
  const [red, green, blue] = hexChannels(hex).map((channel) => {
    const value = channel / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
