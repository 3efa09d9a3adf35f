/** A run's colour and dash beside its name. */
import { runDash } from '@shared/run-palette'
import { html, type Html } from './html'

export const swatch = (color: number): Html =>
  html`<svg class="swatch" viewBox="0 0 26 8" aria-hidden="true">
    <line class="line run-${color % 8}" stroke-dasharray="${runDash(color).join(' ')}" x1="0" x2="26" y1="4" y2="4" />
  </svg>`
