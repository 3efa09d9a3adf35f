/** What the processor can do, as far as the system tells. */
import { readFileSync } from 'node:fs'

/** Whether the processor multiplies bfloat16 itself: where it does not, a product takes longer than in float32. */
export function multipliesBfloat16(cpuinfo: string = readCpuinfo()): boolean {
  return /^flags\s*:.*\b(?:avx512_bf16|amx_bf16)\b/m.test(cpuinfo)
}

/**
 * Whether products of bytes are added up in 32 bits (VNNI). Other x86 processors add two of them in 16 bits first, which is only
 * enough when one of the factors is small.
 */
export function addsBytesExactly(cpuinfo: string = readCpuinfo(), architecture: string = process.arch): boolean {
  return architecture !== 'x64' || /^flags\s*:.*\b(?:avx512_vnni|avx_vnni|amx_int8)\b/m.test(cpuinfo)
}

/** Empty where there is none: only Linux has it. */
function readCpuinfo(): string {
  try {
    return process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : ''
  } catch {
    return ''
  }
}
