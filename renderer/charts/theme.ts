/** The colours of a chart's frame, read from the theme's css variables and again whenever the theme changes. */
import { shallowRef, type ShallowRef } from 'vue'

export interface ChartTheme {
  dark: boolean
  text: string
  textStrong: string
  grid: string
  background: string
  accent: string
  warning: string
  error: string
  font: string
}

const VARIABLES = {
  text: '--ui-text-muted',
  textStrong: '--ui-text-highlighted',
  grid: '--ui-border',
  background: '--ui-bg',
  accent: '--ui-primary',
  warning: '--ui-warning',
  error: '--ui-error'
} as const

let shared: ShallowRef<ChartTheme> | null = null

/** The current theme. One observer serves all charts. */
export function useChartTheme(): Readonly<ShallowRef<ChartTheme>> {
  if (shared) return shared
  const theme = shallowRef(readTheme())
  shared = theme
  const observer = new MutationObserver(() => (theme.value = readTheme()))
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['class', 'style', 'data-theme'] })
  return theme
}

function readTheme(): ChartTheme {
  const root = document.documentElement
  const style = getComputedStyle(root)
  const read = (name: keyof typeof VARIABLES): string => toRgb(style.getPropertyValue(VARIABLES[name]))
  return {
    dark: root.classList.contains('dark'),
    text: read('text'),
    textStrong: read('textStrong'),
    grid: read('grid'),
    background: read('background'),
    accent: read('accent'),
    warning: read('warning'),
    error: read('error'),
    font: getComputedStyle(document.body).fontFamily
  }
}

let probe: CanvasRenderingContext2D | null = null

/** Any css colour as `rgb(…)`: chart.js cannot read oklch, the canvas can. */
function toRgb(color: string): string {
  probe ??= document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  if (!probe || !color.trim()) return 'rgb(128 128 128)'
  probe.clearRect(0, 0, 1, 1)
  probe.fillStyle = color.trim()
  probe.fillRect(0, 0, 1, 1)
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data
  return `rgb(${red}, ${green}, ${blue})`
}
