/** What the machine is like at this moment, for the detectors of what slows a training down. */
import { freemem, totalmem } from 'node:os'

export interface MachineReading {
  /** Since the process began. */
  majorFaults: number
  /** 0 … 1, of the memory that this process may have. */
  freeShare: number
}

/** Takes some microseconds. */
export function readMachine(): MachineReading {
  const total = totalmem()
  const { constrainedMemory } = process as { constrainedMemory?: () => number | undefined }
  // In a container the machine's memory is not this process's to take; without a limit the figure is 0 or beyond all memory.
  const limit = constrainedMemory?.call(process) ?? 0
  const free =
    limit > 0 && limit < total ? 1 - Math.min(1, process.memoryUsage.rss() / limit) : freemem() / Math.max(1, total)
  return { majorFaults: process.resourceUsage().majorPageFault, freeShare: free }
}
