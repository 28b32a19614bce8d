import { openEmbeddedPostgres } from '../open-embedded-postgres.ts'

/**
 * A process that owns an embedded Postgres until it is killed: `node hold-embedded-postgres.ts
 * <dataDir>` prints its URL.
 */
const [, , dataDir = ''] = process.argv
const postgres = await openEmbeddedPostgres({ dataDir, log: console.error })
process.once('SIGTERM', () => void postgres.stop())
console.log(postgres.url)
