/** A backbone that is loaded before its job has come. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadAhead, takeBackbone } from '../../main/engine/backbones/load-ahead'

const EMBEDDED = [join(import.meta.dirname, '../../resources/backbones')]
const ID = 'efficientnet-lite0'

test('it is what a load gives, and given once', async () => {
  loadAhead(EMBEDDED, ID)
  const first = await takeBackbone(EMBEDDED, ID)
  const second = await takeBackbone(EMBEDDED, ID)
  expect(first.info).toEqual(second.info)
  expect(first).not.toBe(second)
})

test('another one is loaded as if nothing had been', async () => {
  loadAhead(EMBEDDED, ID)
  await expect(takeBackbone(EMBEDDED, 'no-such')).rejects.toMatchObject({ code: 'backbone/not-found' })
})

test('what went wrong is told to whoever takes it, and to nobody else', async () => {
  loadAhead(EMBEDDED, 'no-such')
  await new Promise((resolve) => setTimeout(resolve, 20))
  await expect(takeBackbone(EMBEDDED, 'no-such')).rejects.toMatchObject({ code: 'backbone/not-found' })
})
