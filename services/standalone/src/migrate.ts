import { addSecretFiles } from '@auto-refresh/service-kit/config'
import { parseStandaloneConfig } from './config.ts'
import { endWithFault } from './end-with-fault.ts'
import { openDatabase } from './open-database.ts'
import { refuseArguments } from './refuse-arguments.ts'

refuseArguments(
  'npm run migrate, without arguments: brings every schema in DATABASE_URL, or in the embedded Postgres of DATA_DIR, to its newest version.',
)

/**
 * Brings every schema in DATABASE_URL, or in the embedded Postgres of DATA_DIR, to its newest
 * version.
 */
try {
  const log = (message: string) => process.stdout.write(`${message}\n`)
  const database = await openDatabase({
    config: parseStandaloneConfig(addSecretFiles(process.env)),
    log,
  })
  await database.stop()
  log('Every schema is at its newest version')
} catch (error) {
  endWithFault(error)
}
