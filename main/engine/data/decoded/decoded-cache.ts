/**
 * Decoded pictures on disk, so that an epoch after the first reads pixels instead of decoding files. A record is found by the
 * SHA-256 of the picture's file and by the geometry it was decoded to, which names a folder. All of it together stays within a
 * number of bytes and leaves room on the disk: shards that no run has asked for longest go first.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, stat, statfs, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { PreprocessingContract } from '@shared/domain/preprocessing'
import { INDEX, PIXELS, readShardIndex, recordBytes, type RecordPlace } from './shard'

/** Bytes that all decoded pictures may take: about 40,000 of a side of 280. */
export const DECODED_LIMIT_BYTES = 10 * 2 ** 30
/** Share of the disk's free bytes that they may grow by at most. */
const SHARE_OF_FREE = 0.5

export interface DecodedGeometry {
  contract: PreprocessingContract
  /** Pixels beyond the contract's square, on each side. */
  margin: number
}

export interface DecodedCacheOptions extends DecodedGeometry {
  /** Of all decoded pictures. */
  directory: string
  /** SHA-256 of the files that will be asked for. */
  hashes: Iterable<string>
  limitBytes?: number
}

export interface DecodedCache {
  /** Where its shards lie. */
  readonly folder: string
  /** Of one picture. */
  readonly pixelBytes: number
  placeOf(hash: string): RecordPlace | null
  /** Whether there is room for one more; it is set aside for whoever asks. */
  reserve(): boolean
  /** What became of a reservation: a record, or null when none was written. */
  keep(hash: string, place: RecordPlace | null): void
  /** A record that turned out to be damaged. */
  forget(hash: string): void
  /** Nothing more is written: the disk refused. */
  stop(): void
}

/** @throws the file system's error when the folder cannot be made or read */
export async function openDecodedCache(options: DecodedCacheOptions): Promise<DecodedCache> {
  const { directory, contract, margin, limitBytes = DECODED_LIMIT_BYTES } = options
  const folder = join(directory, geometryKey({ contract, margin }))
  await mkdir(folder, { recursive: true })
  const pixelBytes = (contract.size + 2 * margin) ** 2 * 3
  const bytes = recordBytes(pixelBytes)
  const wanted = new Set(options.hashes)
  const { rows, shards } = await findWanted(folder, pixelBytes, wanted)
  const missing = [...wanted].reduce((count, hash) => count + Number(!rows.has(hash)), 0)
  let room = Math.floor((await makeRoom(directory, missing * bytes, limitBytes, new Set(shards))) / bytes)

  return {
    folder,
    pixelBytes,
    placeOf(hash) {
      const place = rows.get(hash)
      return place === undefined ? null : { shard: shards[Math.floor(place / 2 ** 32)]!, row: place % 2 ** 32 }
    },
    reserve: () => room > 0 && room-- > 0,
    keep(hash, place) {
      if (!place) return void room++
      let shard = shards.indexOf(place.shard)
      if (shard < 0) shard = shards.push(place.shard) - 1
      rows.set(hash, shard * 2 ** 32 + place.row)
    },
    forget: (hash) => void rows.delete(hash),
    stop: () => void (room = -Infinity)
  }
}

/** What decides about the pixels; colour order and normalisation come after them. */
function geometryKey({ contract: { size, filter, crop, cropFraction }, margin }: DecodedGeometry): string {
  const fraction = crop === 'center-crop' ? cropFraction : null
  return createHash('sha256')
    .update(JSON.stringify([size, filter, crop, fraction, margin]))
    .digest('hex')
    .slice(0, 32)
}

/**
 * Rows of the wanted pictures, each as one number (shard's place in `shards` · 2³² + row), which for 100,000 of them takes a
 * tenth of the memory that as many objects do. Their shards count as used now.
 */
async function findWanted(folder: string, pixelBytes: number, wanted: ReadonlySet<string>) {
  const rows = new Map<string, number>()
  const shards: string[] = []
  const now = new Date()
  for (const name of await readdir(folder)) {
    if (!name.endsWith(INDEX)) continue
    const shard = name.slice(0, -INDEX.length)
    let used = false
    readShardIndex(folder, shard, pixelBytes).forEach((hash, row) => {
      if (!wanted.has(hash)) return
      used = true
      rows.set(hash, shards.length * 2 ** 32 + row)
    })
    if (!used) continue
    shards.push(shard)
    await utimes(join(folder, shard + PIXELS), now, now).catch(() => undefined)
  }
  return { rows, shards }
}

interface StoredShard {
  path: string
  name: string
  bytes: number
  usedAt: number
}

/** Deletes what was not used longest until `needed` more bytes fit. @returns bytes that may be written */
async function makeRoom(
  directory: string,
  needed: number,
  limitBytes: number,
  inUse: ReadonlySet<string>
): Promise<number> {
  const stored = await listShards(directory)
  const { bavail, bsize } = await statfs(directory)
  let free = bavail * bsize
  let total = stored.reduce((sum, { bytes }) => sum + bytes, 0)
  const roomNow = (): number => Math.max(0, Math.min(limitBytes - total, free * SHARE_OF_FREE))
  const candidates = stored.filter(({ name }) => !inUse.has(name)).sort((a, b) => a.usedAt - b.usedAt)
  for (const { path, bytes } of candidates) {
    if (roomNow() >= needed) break
    // Its index first: what is listed is there.
    await rm(path + INDEX, { force: true }).catch(() => undefined)
    const gone = await rm(path + PIXELS, { force: true }).then(
      () => true,
      () => false
    )
    if (!gone) continue
    total -= bytes
    free += bytes
  }
  return Math.min(needed, roomNow())
}

async function listShards(directory: string): Promise<StoredShard[]> {
  const shards: StoredShard[] = []
  for (const folder of await readdir(directory)) {
    for (const file of await readdir(join(directory, folder)).catch(() => [] as string[])) {
      if (!file.endsWith(PIXELS)) continue
      const name = file.slice(0, -PIXELS.length)
      const path = join(directory, folder, name)
      const info = await stat(path + PIXELS).catch(() => null)
      if (info) shards.push({ path, name, bytes: info.size, usedAt: info.mtimeMs })
    }
  }
  return shards
}
