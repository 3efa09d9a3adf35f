/**
 * The colours of heat, from dark blue over violet and orange to yellow: a curve through OKLab
 * (https://bottosson.github.io/posts/oklab/) in steps of equal difference. It gets lighter and yellower all the way, so that the
 * order shows in grey and to colour-blind eyes.
 */

type Lab = readonly [lightness: number, greenRed: number, blueYellow: number]

/** What the curve goes through, evenly blended between. */
const STOPS: readonly Lab[] = [
  [0.3, 0.01, -0.13],
  [0.46, 0.08, -0.1],
  [0.62, 0.12, 0.02],
  [0.76, 0.08, 0.12],
  [0.91, -0.01, 0.17]
]
const STEPS = 256
/** Points on the curve that its length is measured by. */
const FINE = 4096

function evenSteps(): Uint8Array {
  const points = Array.from({ length: FINE + 1 }, (_, index) => onCurve(index / FINE))
  const lengths = [0]
  for (let index = 1; index <= FINE; index++) {
    lengths.push(lengths[index - 1]! + distance(points[index]!, points[index - 1]!))
  }
  const table = new Uint8Array(STEPS * 3)
  let at = 0
  for (let step = 0; step < STEPS; step++) {
    const wanted = (lengths[FINE]! * step) / (STEPS - 1)
    while (lengths[at]! < wanted && at < FINE) at++
    table.set(toRgb(points[at]!), step * 3)
  }
  return table
}

/** Catmull–Rom through the stops, so that the curve has no corners. @param t 0–1 */
function onCurve(t: number): Lab {
  const last = STOPS.length - 1
  const segment = Math.min(Math.floor(t * last), last - 1)
  const u = t * last - segment
  const [a, b, c, d] = [-1, 0, 1, 2].map((offset) => STOPS[Math.min(Math.max(segment + offset, 0), last)]!)
  const blend = (axis: 0 | 1 | 2): number =>
    0.5 *
    (2 * b![axis] +
      (c![axis] - a![axis]) * u +
      (2 * a![axis] - 5 * b![axis] + 4 * c![axis] - d![axis]) * u ** 2 +
      (3 * b![axis] - a![axis] - 3 * c![axis] + d![axis]) * u ** 3)
  return [blend(0), blend(1), blend(2)]
}

const distance = (a: Lab, b: Lab): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])

/** OKLab to sRGB bytes; what lies outside of sRGB is cut to it. */
function toRgb([lightness, a, b]: Lab): number[] {
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short
  ].map((linear) => {
    const light = Math.min(Math.max(linear, 0), 1)
    return Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055))
  })
}

/** RGB bytes of 256 steps, one after the other: how little to how much. */
export const HEAT_COLOURS: Uint8Array = evenSteps()
