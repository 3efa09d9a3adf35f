import { expect, it } from 'vitest'
import { multipliesBfloat16 } from '../../../../main/engine/executors/tensorflow-kernels/processor'

it.each([
  ['Xeon, 4th generation', 'flags\t\t: fpu avx512f avx512_bf16 amx_bf16 amx_tile\n', true],
  ['Zen 4', 'flags\t\t: fpu avx512f avx512_bf16 clflushopt\n', true],
  ['Xeon, 2nd generation', 'flags\t\t: fpu avx512f avx512_vnni\n', false],
  ['a name that only contains the flag', 'model name\t: avx512_bf16\nflags\t\t: fpu avx512_bf16x\n', false],
  ['no file', '', false]
])('tells from its flags whether a processor multiplies bfloat16: %s', (_, cpuinfo, expected) => {
  expect(multipliesBfloat16(cpuinfo)).toBe(expected)
})
