/**
 * Which processes watch over runs and imports. A process id alone is not enough: after a crash another program may have been given the
 * same one, and the work would seem to go on for ever. So each process leaves a note with the time it was started.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat), or null where there is no /proc. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command's name, in parentheses, may hold blanks and parentheses itself.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

export class Owners {
  /** @param directory made when it is missing */
  constructor(private readonly directory: string) {}

  /** Notes that this process may own work. */
  register(): void {
    mkdirSync(this.directory, { recursive: true })
    writeFileSync(this.note(process.pid), startTicks(process.pid) ?? '')
  }

  unregister(): void {
    rmSync(this.note(process.pid), { force: true })
  }

  /** Whether another process that noted itself under this id still runs. Work that is noted as one's own is a former one's. */
  readonly isAlive = (pid: number): boolean => {
    if (pid === process.pid) return false
    let noted: string
    try {
      noted = readFileSync(this.note(pid), 'utf8')
      process.kill(pid, 0)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') {
        rmSync(this.note(pid), { force: true })
        return false
      }
      return true
    }
    const ticks = startTicks(pid)
    return noted === '' || ticks === null || noted === ticks
  }

  /** Ids of the other processes that live. */
  others(): number[] {
    const noted = readdirSync(this.directory).map(Number).filter(Number.isInteger)
    return noted.filter((pid) => this.isAlive(pid))
  }

  private note(pid: number): string {
    return join(this.directory, String(pid))
  }
}
