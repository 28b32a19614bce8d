import { openEmbeddedPostgres } from '../open-embedded-postgres.ts'

/**
 * Runs a process that owns an embedded Postgres until it is killed, and prints its URL: `node
 * hold-embedded-postgres.ts <dataDir>`.
 */
const [, , dataDir = ''] = process.argv
const postgres = await openEmbeddedPostgres({ dataDir, log: console.error })
process.once('SIGTERM', () => void postgres.stop())
console.log(postgres.url)
