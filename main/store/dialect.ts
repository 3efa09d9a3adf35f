/**
 * Kysely's SQLite dialect with two corrections. SQLite does roll back changes of the schema, so that a migration that fails
 * leaves nothing behind; and a transaction takes the write lock at its beginning, because one that first reads and then wants to
 * write is refused at once when another process wrote in between, however long it would be willing to wait
 * (https://www.sqlite.org/lang_transaction.html, 2.2).
 */
import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver, type DatabaseConnection } from 'kysely'
import type { Database } from 'better-sqlite3'

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

export class StoreDialect extends SqliteDialect {
  constructor(private readonly database: Database) {
    super({ database })
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver({ database: this.database })
  }
}
