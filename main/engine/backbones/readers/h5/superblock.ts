/**
 * How long an HDF5 file says that it is (HDF5 File Format Specification, II.A, "Disk Format: Level 0A - Format Signature and
 * Superblock", https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html).
 */

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

/** By the superblock's version: where it tells the size of an address, and where the end of the file. */
const PLACES: readonly { offsetSize: number; end: number }[] = [
  { offsetSize: 13, end: 40 },
  { offsetSize: 13, end: 44 },
  { offsetSize: 9, end: 28 },
  { offsetSize: 9, end: 28 }
]

/** @returns bytes that the whole file has; null where its beginning is none that is known, which is for the library to judge. */
export function lengthOfH5(bytes: Uint8Array): number | null {
  if (SIGNATURE.some((byte, index) => bytes[index] !== byte)) return null
  const place = PLACES[bytes[SIGNATURE.length]!]
  if (!place || bytes[place.offsetSize] !== 8 || bytes.length < place.end + 8) return null
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(place.end, true))
}
