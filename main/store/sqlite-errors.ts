/** What SQLite throws, as coded errors. Result codes: https://www.sqlite.org/rescode.html */
import Database from 'better-sqlite3'
import { StudioError, type ErrorCode } from '@shared/errors'

/** By the beginning of the (extended) result code's name, and what it means in a sentence. */
const CODES: readonly (readonly [prefix: string, code: ErrorCode, what: string])[] = [
  ['SQLITE_FULL', 'store/disk-full', 'The disk is full: the database could not be written'],
  ['SQLITE_IOERR_SHMSIZE', 'store/disk-full', 'The disk is full: the database could not be written'],
  ['SQLITE_BUSY', 'store/locked', 'Another program holds the database'],
  ['SQLITE_LOCKED', 'store/locked', 'Another program holds the database'],
  ['SQLITE_CORRUPT', 'store/corrupt', 'The database is damaged'],
  ['SQLITE_NOTADB', 'store/corrupt', 'The file is not a database'],
  ['SQLITE_READONLY', 'store/unwritable', 'The database cannot be written'],
  ['SQLITE_CANTOPEN', 'store/unwritable', 'The database cannot be opened'],
  ['SQLITE_PERM', 'store/unwritable', 'The database cannot be opened'],
  ['SQLITE_AUTH', 'store/unwritable', 'The database cannot be opened'],
  ['SQLITE_IOERR', 'store/unwritable', 'The drive of the database fails']
]

/** A StudioError store/… where SQLite's result code has one; anything else comes back as it is. */
export function storeError(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const found = CODES.find(([prefix]) => error.code.startsWith(prefix))
  if (!found) return error
  const [, code, what] = found
  return new StudioError(code, `${what}: '${file}' (${error.message}).`, { file, sqlite: error.code }, { cause: error })
}

/** Whether a write broke a unique index. */
export function isDuplicate(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError &&
    (error.code === 'SQLITE_CONSTRAINT_UNIQUE' || error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY')
  )
}

/** What the file system throws when a folder or file cannot be written, as a coded error. */
export function folderError(error: unknown, folder: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StudioError('store/disk-full', `The disk is full: '${folder}' could not be written.`, { folder })
  }
  if (code && ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT'].includes(code)) {
    return new StudioError('store/unwritable', `'${folder}' cannot be written: ${message}.`, { folder, code })
  }
  return error
}
