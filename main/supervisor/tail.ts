/** Keeps the end of a stream of bytes. */
const KEPT_BYTES = 64 * 1024

export class Tail {
  private chunks: Buffer[] = []
  private size = 0

  add(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.size += chunk.length
    if (this.size > 2 * KEPT_BYTES) this.compact()
  }

  /** The last 64 kB as text. */
  text(): string {
    this.compact()
    return this.chunks[0]?.toString('utf8') ?? ''
  }

  private compact(): void {
    const all = Buffer.concat(this.chunks)
    const kept = all.subarray(Math.max(0, all.length - KEPT_BYTES))
    this.chunks = [kept]
    this.size = kept.length
  }
}
