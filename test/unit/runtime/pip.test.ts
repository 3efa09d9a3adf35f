import { expect, test } from 'vitest'
import { pipError } from '../../../main/engine/runtime/pip'

test.each([
  [
    'runtime/no-network',
    `WARNING: Retrying (Retry(total=2, connect=None, read=None, redirect=None, status=None)) after connection broken by
     'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object>: Failed to establish a new connection: [Errno -3]
     Temporary failure in name resolution')': /simple/tensorflow-cpu/
ERROR: Could not find a version that satisfies the requirement tensorflow-cpu==2.21.0 (from versions: none)
ERROR: No matching distribution found for tensorflow-cpu==2.21.0`
  ],
  ['runtime/no-network', "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))"],
  ['runtime/no-network', 'pip._vendor.urllib3.exceptions.ReadTimeoutError: Read timed out.'],
  ['runtime/corrupt', 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.'],
  ['runtime/disk-full', 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device'],
  ['runtime/failed', 'ERROR: No matching distribution found for tensorflow-cpu==2.21.0']
])('%s is read from what pip says', (code, text) => {
  const error = pipError(text, 1)
  expect(error.code).toBe(code)
  expect(error.details['output']).toBe(text)
})

test("anything else is told in pip's own last words", () => {
  expect(pipError('Traceback\nValueError: odd\n', 2)).toMatchObject({
    code: 'runtime/failed',
    message: 'pip could not fetch TensorFlow: ValueError: odd'
  })
  expect(pipError('', 2).message).toContain('exit 2')
})
