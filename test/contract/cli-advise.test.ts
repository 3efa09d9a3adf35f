/** The verb advise: what it prints, and what is refused. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runProgram } from '../../main/cli/program'
import { openStudio, type StudioFixture } from '../fixtures/studio'

let fixture: StudioFixture
beforeEach(async () => void (fixture = await openStudio()))
afterEach(() => fixture.close())

async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  const code = await runProgram(args, {
    streams: { stdout: { write: (text) => (stdout += text) }, stderr: { write: (text) => (stderr += text) } },
    openStudio: async () => ({ ...fixture.studio, close: async () => undefined }),
    serve: () => Promise.resolve()
  })
  return { code, stdout, stderr }
}

test('prints one document with points and a sentence, for machines and for people', async () => {
  const { code, stdout, stderr } = await cli('advise', fixture.pictures, '--budget', '2m', '--json')
  expect(code).toBe(0)
  const document = JSON.parse(stdout)
  expect(document).toMatchObject({
    state: 'completed',
    budgetSeconds: 120,
    images: 24,
    points: [
      {
        backboneId: 'efficientnet-lite0',
        parameters: 3_413_024,
        frontier: true,
        msPerImage: 10,
        executor: 'onnxruntime',
        stage: 'confirmed'
      }
    ]
  })
  const { accuracy, testImages } = document.points[0]
  expect(accuracy.value).toBeCloseTo(1 - 1 / testImages, 9)
  expect(accuracy.low).toBeLessThan(accuracy.value)
  expect(document.sentence).toMatch(/EfficientNet-Lite0 is right on .* there is no other to hold it against/)
  expect(stderr).toMatch(/Which backbone for pictures/)
  const { stdout: text } = await cli('advise', 'pictures')
  expect(text).toMatch(/\*\s+EfficientNet-Lite0\s+10\s+\d+\.\d %/)
})

test('a wrong budget is a wrong command, and a dataset that is not there fails', async () => {
  expect((await cli('advise', 'pictures', '--budget', 'soon')).code).toBe(2)
  const { code, stdout } = await cli('advise', 'nowhere', '--json')
  expect(code).toBe(1)
  expect(JSON.parse(stdout).error.code).toBe('dataset/not-found')
})
