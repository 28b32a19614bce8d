import type { Environment } from '@auto-refresh/service-kit/config'
import type { Command } from 'commander'
import { parseStandaloneConfig } from '../config.ts'
import { openDatabase } from '../open-database.ts'

export function defineMigrate(command: Command, readSettings: () => Environment): void {
  command
    .description(
      'Brings every schema in DATABASE_URL, or in the embedded Postgres of DATA_DIR, to its newest version.',
    )
    .action(async () => {
      const log = (message: string) => process.stdout.write(`${message}\n`)
      const database = await openDatabase({ config: parseStandaloneConfig(readSettings()), log })
      await database.stop()
      log('Every schema is at its newest version')
    })
}
