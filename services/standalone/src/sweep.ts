import { sweepOnce } from '@auto-refresh/cleanup-worker'
import { addSecretFiles } from '@auto-refresh/service-kit/config'
import { parseStandaloneConfig } from './config.ts'
import { endWithFault } from './end-with-fault.ts'
import { borrowDatabase } from './open-database.ts'
import { refuseArguments } from './refuse-arguments.ts'

const ANYWAY = '--anyway'
refuseArguments(
  'npm run sweep [-- --anyway]: deletes expired sessions now. It is refused while the clock of the database may be wrong; ' +
    'compare `select clock_timestamp()` with the real time, and only then use --anyway.',
  [ANYWAY],
)

/** `npm run sweep`: what cleanup-worker does each minute, and with `--anyway` what it refuses. */
try {
  const log = (message: string) => process.stderr.write(`${message}\n`)
  const onNew = (dataDir: string): never => {
    throw new Error(`There is no database in ${dataDir}: set DATABASE_URL, or DATA_DIR`)
  }
  const database = await borrowDatabase({
    config: parseStandaloneConfig(addSecretFiles(process.env)),
    log,
    onNew,
  })
  try {
    const { deleted, refused } = await sweepOnce({
      databaseUrl: database.url,
      anyway: process.argv.includes(ANYWAY),
    })
    process.stdout.write(`${deleted} expired sessions deleted\n`)
    if (refused !== undefined) {
      process.stderr.write(
        `Sweep refused (${refused}): see docs/runbooks/operations.md#cleanuprefused\n`,
      )
      process.exitCode = 1
    }
  } finally {
    await database.stop()
  }
} catch (error) {
  endWithFault(error)
}
