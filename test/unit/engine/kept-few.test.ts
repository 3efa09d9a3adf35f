import { expect, it } from 'vitest'
import { KeptFew } from '../../../main/engine/inference/kept-few'

function makeThings() {
  const opened: string[] = []
  const disposed: string[] = []
  const open = (name: string) => async () => {
    opened.push(name)
    return { name, dispose: async () => void disposed.push(name) }
  }
  return { opened, disposed, open }
}
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

it('the few used last are kept, the others let go', async () => {
  const { opened, disposed, open } = makeThings()
  const kept = new KeptFew<{ name: string; dispose(): Promise<void> }>(2)
  for (const name of ['a', 'b', 'a', 'c', 'a']) await kept.use(name, open(name), async (thing) => thing.name)
  await settle()
  expect(opened).toEqual(['a', 'b', 'c'])
  expect(disposed).toEqual(['b'])
})

it('what is in use is let go only after its last user', async () => {
  const { disposed, open } = makeThings()
  const kept = new KeptFew<{ name: string; dispose(): Promise<void> }>(1)
  let end: () => void = () => undefined
  const using = kept.use('a', open('a'), () => new Promise<void>((resolve) => (end = resolve)))
  await kept.use('b', open('b'), async () => undefined)
  await settle()
  expect(disposed).toEqual([])
  end()
  await using
  await settle()
  expect(disposed).toEqual(['a'])
})

it('what did not open is opened anew', async () => {
  const { opened, open } = makeThings()
  const kept = new KeptFew<{ name: string; dispose(): Promise<void> }>(2)
  const failing = async (): Promise<never> => Promise.reject(new Error('not there'))
  await expect(kept.use('a', failing, async () => 1)).rejects.toThrow('not there')
  expect(await kept.use('a', open('a'), async () => 2)).toBe(2)
  expect(opened).toEqual(['a'])
})
