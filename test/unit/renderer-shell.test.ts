import { afterEach, expect, test, vi } from 'vitest'
import { jobShare, overallShare } from '../../renderer/components/shell/jobs'
import { SCREENS, screenOf } from '../../renderer/components/shell/navigation'
import { predictionsCsv } from '../../renderer/components/playground/predictions-csv'
import { holdsFiles, pathOf, readDrop } from '../../renderer/composables/drop'

afterEach(() => vi.unstubAllGlobals())

/** A drop as Chromium hands it over: a folder is a file without contents whose entry says what it is. */
const transferOf = (...things: { name: string; folder?: boolean; text?: boolean }[]): DataTransfer =>
  ({
    types: ['Files'],
    items: things.map(({ name, folder, text }) => ({
      kind: text ? 'string' : 'file',
      webkitGetAsEntry: () => (text ? null : { isDirectory: folder === true, name }),
      getAsFile: () => (text ? null : new File([], name))
    }))
  }) as unknown as DataTransfer

test('a drop is sorted into folders and files; dragged text is neither', () => {
  const { folders, files } = readDrop(
    transferOf({ name: 'roses', folder: true }, { name: 'a.png' }, { name: 'words', text: true })
  )
  expect(folders.map(({ name }) => name)).toEqual(['roses'])
  expect(files.map(({ name }) => name)).toEqual(['a.png'])
})

test('only the bridge knows where a dropped folder is', () => {
  const file = new File([], 'roses')
  vi.stubGlobal('window', {})
  expect(pathOf(file)).toBeNull()
  vi.stubGlobal('window', { whetstone: { pathForFile: ({ name }: File) => (name === 'roses' ? '/data/roses' : '') } })
  expect(pathOf(file)).toBe('/data/roses')
  expect(pathOf(new File([], 'made-up'))).toBeNull()
  expect(pathOf(null)).toBeNull()
})

test('dragged text does not light up the window', () => {
  const event = (types: string[]) => ({ dataTransfer: { types } }) as unknown as DragEvent
  expect(holdsFiles(event(['text/plain']))).toBe(false)
  expect(holdsFiles(event(['Files']))).toBe(true)
  expect(holdsFiles({ dataTransfer: null } as unknown as DragEvent)).toBe(false)
})

test('one bar for several jobs is the mean of those whose share is known', () => {
  expect(jobShare({ done: 3, total: 0 })).toBeNull()
  expect(jobShare({ done: 12, total: 10 })).toBe(1)
  expect(
    overallShare([
      { done: 1, total: 2 },
      { done: 0, total: 0 },
      { done: 1, total: 4 }
    ])
  ).toBeCloseTo(0.375)
  expect(overallShare([{ done: 0, total: 0 }])).toBeNull()
})

test('each screen has a key of its own, and screens inside belong to theirs', () => {
  expect(new Set(SCREENS.map(({ key }) => key)).size).toBe(SCREENS.length)
  expect(['dataset', 'run', 'new-run', 'models'].map(screenOf)).toEqual(['datasets', 'runs', 'runs', 'models'])
})

test('predictions as CSV survive commas, quotes and spreadsheet formulas', () => {
  const csv = predictionsCsv([
    { file: 'a, "b".png', top: [{ label: 'rose', probability: 0.912345678 }], error: null, ms: 1 },
    { file: '=cmd.png', top: [{ label: '-tulip', probability: 1 }], error: null, ms: 1 },
    {
      file: 'c.png',
      top: [],
      error: { code: 'image/corrupt', message: 'c.png is cut short.', hint: 'Replace it.', details: {} },
      ms: 1
    }
  ])
  expect(csv.split('\r\n')).toEqual([
    'file,class,probability,error',
    '"a, ""b"".png",rose,0.912346,',
    "'=cmd.png,'-tulip,1.000000,",
    'c.png,,,c.png is cut short.',
    ''
  ])
})
