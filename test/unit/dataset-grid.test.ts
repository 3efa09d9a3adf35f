import { expect, test, vi } from 'vitest'
import {
  focusAfter,
  GAP,
  isBlur,
  keepPlace,
  rowsInView,
  scrollToShow,
  shapeOf
} from '../../renderer/components/dataset/grid-window'
import { PAGE_SIZE, PagedList } from '../../renderer/components/dataset/image-pages'

const shape = shapeOf(23, 838) // five columns, the last row has three
const key = (name: string, ctrlKey = false): { key: string; ctrlKey: boolean } => ({ key: name, ctrlKey })
const after = (name: string, index: number, ctrlKey = false): number | null =>
  focusAfter(key(name, ctrlKey), index, shape, shape.pitch * 2)

test('the columns fill the width and every row is whole', () => {
  for (const width of [120, 300, 838, 1478, 2500]) {
    const { columns, tile, pitch, rows, height } = shapeOf(1000, width)
    expect(columns * tile + (columns - 1) * GAP).toBeLessThanOrEqual(width)
    // Less than a pixel a column is left over.
    expect(width - (columns * tile + (columns - 1) * GAP)).toBeLessThan(columns)
    expect(rows).toBe(Math.ceil(1000 / columns))
    expect(height).toBe(rows * pitch - GAP)
  }
  expect(shape).toMatchObject({ columns: 5, rows: 5, tile: 166, pitch: 168 })
  expect(shapeOf(0, 800)).toMatchObject({ rows: 0, height: 0 })
})

test('fifty thousand pictures draw a few rows wherever one looks', () => {
  const large = shapeOf(50_000, 838)
  for (const scrollTop of [0, 1, 700_000, large.height - 600]) {
    const { from, to } = rowsInView(large, scrollTop, 600)
    expect(to - from).toBeLessThanOrEqual(9)
    expect(from * large.pitch).toBeLessThanOrEqual(scrollTop)
    expect(to * large.pitch).toBeGreaterThanOrEqual(Math.min(large.height, scrollTop + 600))
  }
  expect(rowsInView(large, large.height * 2, 600)).toEqual({ from: large.rows, to: large.rows })
})

test('scrolling goes as little as it takes to show a picture', () => {
  expect(scrollToShow(shape, 0, 100, 400)).toBe(0)
  expect(scrollToShow(shape, 6, 100, 400)).toBe(100)
  expect(scrollToShow(shape, 22, 0, 400)).toBe(shape.height - 400)
})

test('a wheel is slow enough to see by, a dragged scroll bar is not', () => {
  expect(isBlur(60, 16)).toBe(false)
  expect(isBlur(-400, 16)).toBe(true)
  expect(isBlur(700, 2000)).toBe(false)
  expect(isBlur(3, 0)).toBe(false)
})

test('the first picture in view stays the first when the columns change', () => {
  const narrow = shapeOf(50_000, 838)
  const wide = shapeOf(50_000, 1478)
  const top = keepPlace(narrow, wide, 900 * narrow.pitch)
  const firstBefore = 900 * narrow.columns
  const row = top / wide.pitch
  expect(row * wide.columns).toBeLessThanOrEqual(firstBefore)
  expect((row + 1) * wide.columns).toBeGreaterThan(firstBefore)
  expect(keepPlace(narrow, narrow, 1234)).toBe(1234)
})

test('the arrow keys stay within the pictures', () => {
  expect(after('ArrowRight', 4)).toBe(5)
  expect(after('ArrowRight', 22)).toBe(22)
  expect(after('ArrowLeft', 0)).toBe(0)
  expect(after('ArrowUp', 3)).toBe(3)
  expect(after('ArrowUp', 8)).toBe(3)
  expect(after('ArrowDown', 8)).toBe(13)
  // No picture is under the fourth of the last full row: the last one is the nearest.
  expect(after('ArrowDown', 18)).toBe(22)
  expect(after('ArrowDown', 21)).toBe(21)
})

test('Home, End and the page keys', () => {
  expect(after('Home', 13)).toBe(10)
  expect(after('End', 13)).toBe(14)
  expect(after('End', 21)).toBe(22)
  expect(after('Home', 13, true)).toBe(0)
  expect(after('End', 1, true)).toBe(22)
  expect(after('PageDown', 2)).toBe(12)
  expect(after('PageDown', 13)).toBe(22)
  expect(after('PageUp', 13)).toBe(3)
  expect(after('PageUp', 8)).toBe(3)
  expect(after('a', 8)).toBeNull()
  expect(focusAfter(key('ArrowDown'), 0, shapeOf(0, 838), 400)).toBeNull()
})

/** Numbers as the list; each question waits until it is answered. */
function source(count: number) {
  const asked: { offset: number; answer: () => void; refuse: () => void }[] = []
  let base = 0
  const list = new PagedList<number>({
    fetchPage: (offset, limit) =>
      new Promise((resolve, reject) => {
        const from = base
        const items = Array.from({ length: Math.max(0, Math.min(limit, count - offset)) }, (_, i) => from + offset + i)
        asked.push({ offset, answer: () => resolve({ total: count, items }), refuse: () => reject(new Error('no')) })
      }),
    onChange: () => undefined,
    onError: vi.fn()
  })
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
  return { list, asked, settle, become: (next: number) => (base = next) }
}

test('pages are fetched where one looks, two at a time, each once', async () => {
  const { list, asked, settle } = source(50_000)
  const loaded = list.reload(0, 1)
  asked[0]!.answer()
  expect(await loaded).toBe(true)
  expect(list.total).toBe(50_000)
  expect(list.at(0)).toBe(0)

  list.want(1000, 2000)
  list.want(1000, 2000)
  expect(asked.map(({ offset }) => offset)).toEqual([0, 1000, 1200])
  // A fling: what it passed is not asked for.
  list.want(40_000, 40_020)
  asked[1]!.answer()
  await settle()
  expect(asked.at(-1)!.offset).toBe(40_000)
  asked.at(-1)!.answer()
  await settle()
  expect(list.at(40_019)).toBe(40_019)
  expect(list.at(5000)).toBeUndefined()
  expect(asked).toHaveLength(4)
})

test('a reload keeps what is there until the same place has arrived anew', async () => {
  const { list, asked, settle, become } = source(1000)
  void list.reload(0, 1)
  asked[0]!.answer()
  await settle()
  list.want(400, 500)
  asked[1]!.answer()
  await settle()
  become(10_000)
  const again = list.reload()
  expect(list.at(450)).toBe(450)
  expect(asked.at(-1)!.offset).toBe(400)
  asked.at(-1)!.answer()
  expect(await again).toBe(true)
  expect(list.at(450)).toBe(10_450)
  // The rest belongs to what was.
  expect(list.at(0)).toBeUndefined()
})

test('an answer that was overtaken is dropped, and a page that failed is asked for again', async () => {
  const { list, asked, settle, become } = source(PAGE_SIZE * 3)
  const first = list.reload(0, 1)
  become(5000)
  const second = list.reload(0, 1)
  asked[1]!.answer()
  expect(await second).toBe(true)
  asked[0]!.answer()
  expect(await first).toBe(false)
  expect(list.at(0)).toBe(5000)

  list.want(PAGE_SIZE, PAGE_SIZE + 1)
  asked[2]!.refuse()
  await settle()
  expect(asked).toHaveLength(3)
  list.want(PAGE_SIZE, PAGE_SIZE + 2)
  asked[3]!.answer()
  await settle()
  expect(list.at(PAGE_SIZE)).toBe(5000 + PAGE_SIZE)
})
