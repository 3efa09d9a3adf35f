/** Rectified units that fire for no picture: nothing reaches what lies before them any more. */
import type { Detector } from './detector'
import { rounded, settingsOf, shown, type DeadUnits, type Recent } from './recent'

/** Share of all units, above what was dead from the start: pretrained networks come with some. */
const MANY = 0.15
const STILL_MANY = 0.08
const MOST = 0.5
/** Share of one layer, at which next to nothing comes through it. */
const LAYER = 0.9

export const deadUnits: Detector = (recent, standing) => {
  const measured = recent.epochs.filter(({ dead }) => dead !== null).map(({ dead }) => dead!)
  const now = measured.at(-1)
  if (!now || now.units === 0) return null
  // A head's units are all alive at first; a backbone's were measured before the first step.
  const before = recent.phase === 'head' ? 0 : shareOf(measured[0]!)
  const grown = shareOf(now) - before
  const choked = recent.phase === 'finetune' && layerShare(now) >= LAYER && layerShare(measured[0]!) < LAYER / 2
  if (grown < (standing ? STILL_MANY : MANY) && !choked) return null
  return finding(recent, now, grown > MOST || choked)
}

function finding(recent: Recent, now: DeadUnits, severe: boolean): ReturnType<Detector> {
  const { prefix, settings } = settingsOf(recent)
  const rate = rounded(settings.learningRate / 10)
  const { worst } = now
  return {
    code: 'training/dead-units',
    severity: severe ? 'severe' : 'warning',
    title: `${Math.round(100 * shareOf(now))} % of the rectified units never fire.`,
    evidence: `${now.dead} of ${now.units}; most in '${worst.layer}', ${worst.dead} of ${worst.units}.`,
    advice:
      'A step too large has pushed them below zero for every picture: begin again from the best with a lower rate.',
    repair: { label: `Learning rate ${shown(rate)}`, changes: { [`${prefix}.learningRate`]: rate } }
  }
}

const shareOf = ({ units, dead }: DeadUnits): number => dead / units
const layerShare = ({ worst }: DeadUnits): number => worst.dead / worst.units
