/**
 * An order of the classes in which those that are taken for each other stand side by side, so that confusions gather in blocks
 * on the diagonal.
 */

/** Share of i's images guessed as j and of j's guessed as i, together; row-major, zero on the diagonal. */
function similarities(confusion: readonly (readonly number[])[]): Float64Array {
  const count = confusion.length
  const shared = new Float64Array(count * count)
  confusion.forEach((row, truth) => {
    const total = row.reduce((sum, value) => sum + value, 0)
    if (total === 0) return
    row.forEach((value, predicted) => {
      if (value === 0 || predicted === truth) return
      shared[truth * count + predicted]! += value / total
      shared[predicted * count + truth]! += value / total
    })
  })
  return shared
}

/** Classes that are linked by confusions, directly or over others. */
function components(shared: Float64Array, count: number): number[][] {
  const seen = new Uint8Array(count)
  const found: number[][] = []
  for (let start = 0; start < count; start++) {
    if (seen[start]) continue
    seen[start] = 1
    const members = [start]
    for (let next = 0; next < members.length; next++) {
      for (let other = 0; other < count; other++) {
        if (seen[other] || shared[members[next]! * count + other] === 0) continue
        seen[other] = 1
        members.push(other)
      }
    }
    found.push(members.sort((a, b) => a - b))
  }
  return found
}

/** Of the four ways to join two orders end to end, the one whose neighbours at the seam are most alike. */
function join(first: number[], second: number[], alike: (a: number, b: number) => number): number[] {
  const ways: [number[], number[]][] = [
    [first, second],
    [first, second.toReversed()],
    [first.toReversed(), second],
    [first.toReversed(), second.toReversed()]
  ]
  const seam = ([left, right]: [number[], number[]]): number => alike(left.at(-1)!, right[0]!)
  const best = ways.reduce((a, b) => (seam(b) > seam(a) ? b : a))
  return [...best[0], ...best[1]]
}

/**
 * Average linkage (Sokal & Michener 1958) by nearest-neighbour chains (Murtagh 1983), each two clusters joined with their most
 * similar ends together (Gruvaeus & Wainer 1972). Quadratic in the number of members.
 */
function orderWithin(members: readonly number[], shared: Float64Array, count: number): number[] {
  const size = members.length
  const alike = (a: number, b: number): number => shared[a * count + b]!
  const between = Float64Array.from({ length: size * size }, (_, at) =>
    alike(members[Math.floor(at / size)]!, members[at % size]!)
  )
  const orders: (number[] | null)[] = members.map((member) => [member])
  const chain: number[] = []
  for (let left = size; left > 1;) {
    if (chain.length === 0) chain.push(orders.findIndex((order) => order !== null))
    const tip = chain.at(-1)!
    const before = chain.at(-2) ?? -1
    let nearest = before
    for (let other = 0; other < size; other++) {
      if (other === tip || !orders[other]) continue
      // Of equals the one before, so that the chain ends.
      if (nearest < 0 || between[tip * size + other]! > between[tip * size + nearest]!) nearest = other
    }
    if (nearest !== before) {
      chain.push(nearest)
      continue
    }
    chain.length -= 2
    const [keep, drop] = tip < nearest ? [tip, nearest] : [nearest, tip]
    const [kept, dropped] = [orders[keep]!, orders[drop]!]
    for (let other = 0; other < size; other++) {
      if (!orders[other] || other === keep || other === drop) continue
      const mean =
        (kept.length * between[keep * size + other]! + dropped.length * between[drop * size + other]!) /
        (kept.length + dropped.length)
      between[keep * size + other] = between[other * size + keep] = mean
    }
    orders[keep] = join(kept, dropped, alike)
    orders[drop] = null
    left--
  }
  return orders.find((order) => order !== null) ?? []
}

/**
 * @param confusion counts, rows are the truth
 * @returns the classes' indices: the largest group of classes that are confused first, those never confused last, as they came
 */
export function similarityOrder(confusion: readonly (readonly number[])[]): number[] {
  const count = confusion.length
  const shared = similarities(confusion)
  return components(shared, count)
    .sort((a, b) => b.length - a.length || a[0]! - b[0]!)
    .flatMap((members) => orderWithin(members, shared, count))
}

/** The classes with most images first. */
export function sizeOrder(confusion: readonly (readonly number[])[]): number[] {
  const sizes = confusion.map((row) => row.reduce((sum, value) => sum + value, 0))
  return confusion.map((_, index) => index).sort((a, b) => sizes[b]! - sizes[a]! || a - b)
}
