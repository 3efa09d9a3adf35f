/** Changes of colour on RGB bytes, in place. Formulas as in Pillow's ImageEnhance and ImageOps, which torchvision follows. */

type Bytes = Uint8Array

/** Weights of ITU-R BT.601 in 65,536ths, as Pillow's mode 'L' rounds them. */
const [RED, GREEN, BLUE, ROUND] = [19595, 38470, 7471, 0x8000]

const toByte = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0)

/** Sends every value through a table, one for all channels or one for each. */
function through(data: Bytes, ...tables: Uint8Array[]): void {
  const [red, green = red, blue = red] = tables as [Uint8Array, Uint8Array?, Uint8Array?]
  for (let place = 0; place < data.length; place += 3) {
    data[place] = red[data[place]!]!
    data[place + 1] = green[data[place + 1]!]!
    data[place + 2] = blue[data[place + 2]!]!
  }
}

const table = (value: (byte: number) => number): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => toByte(value(byte)))

export function brightness(data: Bytes, factor: number): void {
  through(
    data,
    table((byte) => byte * factor)
  )
}

/** About the mean of the picture's greys, rounded. */
export function contrast(data: Bytes, factor: number): void {
  let sum = 0
  for (let place = 0; place < data.length; place += 3) {
    sum += (RED * data[place]! + GREEN * data[place + 1]! + BLUE * data[place + 2]! + ROUND) >> 16
  }
  const mean = Math.round((3 * sum) / Math.max(data.length, 1))
  through(
    data,
    table((byte) => mean + factor * (byte - mean))
  )
}

export function saturation(data: Bytes, factor: number): void {
  for (let place = 0; place < data.length; place += 3) {
    const [red, green, blue] = [data[place]!, data[place + 1]!, data[place + 2]!]
    const grey = (RED * red + GREEN * green + BLUE * blue + ROUND) >> 16
    data[place] = toByte(grey + factor * (red - grey))
    data[place + 1] = toByte(grey + factor * (green - grey))
    data[place + 2] = toByte(grey + factor * (blue - grey))
  }
}

export function grayscale(data: Bytes): void {
  for (let place = 0; place < data.length; place += 3) {
    const grey = (RED * data[place]! + GREEN * data[place + 1]! + BLUE * data[place + 2]! + ROUND) >> 16
    data[place] = data[place + 1] = data[place + 2] = grey
  }
}

/**
 * Turns hues in HSV, where value (the largest channel) and chroma (largest − smallest) stay: each channel is
 * value − chroma · clamp(min(k, 4 − k), 0, 1), k = (n + 6 · hue) mod 6 with n = 5, 3, 1 for red, green and blue.
 * @param turn share of the circle.
 */
export function hue(data: Bytes, turn: number): void {
  const shift = 6 * (turn - Math.floor(turn))
  for (let place = 0; place < data.length; place += 3) {
    const [red, green, blue] = [data[place]!, data[place + 1]!, data[place + 2]!]
    const value = Math.max(red, green, blue)
    const chroma = value - Math.min(red, green, blue)
    if (chroma === 0) continue
    const sector =
      value === red ? (green - blue) / chroma : value === green ? (blue - red) / chroma + 2 : (red - green) / chroma + 4
    const base = sector + shift + 6
    for (let channel = 0; channel < 3; channel++) {
      let k = base + 5 - 2 * channel
      while (k >= 6) k -= 6
      const share = Math.max(0, Math.min(k, 4 - k, 1))
      data[place + channel] = (value - chroma * share + 0.5) | 0
    }
  }
}

export function posterize(data: Bytes, bits: number): void {
  const mask = (0xff << (8 - bits)) & 0xff
  for (let place = 0; place < data.length; place++) data[place]! &= mask
}

export function solarize(data: Bytes, threshold: number): void {
  through(
    data,
    table((byte) => (byte < threshold ? byte : 255 - byte))
  )
}

function histograms(data: Bytes): Int32Array[] {
  const counts = [new Int32Array(256), new Int32Array(256), new Int32Array(256)] as const
  const [red, green, blue] = counts
  for (let place = 0; place < data.length; place += 3) {
    red[data[place]!]!++
    green[data[place + 1]!]!++
    blue[data[place + 2]!]!++
  }
  return [...counts]
}

/** Each channel's darkest value to 0 and its lightest to 255; a channel of one value stays. */
export function autocontrast(data: Bytes): void {
  const tables = histograms(data).map((counts) => {
    const low = counts.findIndex((count) => count > 0)
    const high = counts.findLastIndex((count) => count > 0)
    return table((byte) => (high > low ? ((byte - low) * 255) / (high - low) : byte))
  })
  through(data, ...tables)
}

/** Pillow's ImageOps.equalize: values to the share of pixels below them; a channel of one value stays. */
export function equalize(data: Bytes): void {
  const tables = histograms(data).map((counts) => {
    const present = counts.filter((count) => count > 0)
    const step = Math.floor((data.length / 3 - (present.at(-1) ?? 0)) / 255)
    if (present.length <= 1 || step === 0) return table((byte) => byte)
    let below = Math.floor(step / 2)
    return Uint8Array.from(counts, (count) => {
      const value = Math.min(255, Math.floor(below / step))
      below += count
      return value
    })
  })
  through(data, ...tables)
}
