/** The screens of the sidebar, the palette and the shortcuts: one list for all three. */
export interface Screen {
  name: string
  label: string
  icon: string
  /** Second key after `g`. */
  key: string
}

export const SCREENS: Screen[] = [
  { name: 'datasets', label: 'Datasets', icon: 'i-lucide-images', key: 'd' },
  { name: 'runs', label: 'Runs', icon: 'i-lucide-chart-spline', key: 'r' },
  { name: 'compare', label: 'Compare', icon: 'i-lucide-git-compare-arrows', key: 'c' },
  { name: 'models', label: 'Models', icon: 'i-lucide-box', key: 'm' },
  { name: 'lab', label: 'Lab', icon: 'i-lucide-flask-conical', key: 'l' },
  { name: 'playground', label: 'Playground', icon: 'i-lucide-scan-search', key: 'p' },
  { name: 'devices', label: 'Devices', icon: 'i-lucide-cpu', key: 'v' }
]

/** Which screen of the sidebar a route belongs to. */
export function screenOf(routeName: string): string {
  if (routeName === 'dataset') return 'datasets'
  if (routeName === 'run' || routeName === 'new-run') return 'runs'
  if (routeName === 'explain') return 'compare'
  if (routeName === 'advisor') return 'models'
  return routeName
}
