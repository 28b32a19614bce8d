import { sweepOnce } from '@auto-refresh/cleanup-worker'
import { findIgnoredSettings, type Environment } from '@auto-refresh/service-kit/config'
import type { Command } from 'commander'
import { parseStandaloneConfig } from '../config.ts'
import { borrowDatabase } from '../open-database.ts'

export function defineSweep(command: Command, readSettings: () => Environment): void {
  command
    .description(
      'Deletes expired sessions now, as cleanup-worker does each minute.\n' +
        'It refuses while the clock of the database may be wrong.',
    )
    .option(
      '--anyway',
      'delete although the clock may be wrong; first compare `select clock_timestamp()` with the real time',
    )
    .action(async ({ anyway = false }: { anyway?: boolean }) => {
      const environment = readSettings()
      for (const sentence of findIgnoredSettings(environment)) process.stderr.write(`${sentence}\n`)
      const database = await borrowDatabase({
        config: parseStandaloneConfig(environment),
        log: (message) => process.stderr.write(`${message}\n`),
        onNew: refuseNew,
      })
      try {
        const { deleted, refused } = await sweepOnce({ databaseUrl: database.url, anyway })
        process.stdout.write(`${deleted} expired sessions deleted\n`)
        if (refused !== undefined)
          throw new Error(
            `Sweep refused (${refused}): see docs/runbooks/operations.md#cleanuprefused`,
          )
      } finally {
        await database.stop()
      }
    })
}

function refuseNew(dataDir: string): never {
  throw new Error(`There is no database in ${dataDir}: set DATABASE_URL, or DATA_DIR`)
}
