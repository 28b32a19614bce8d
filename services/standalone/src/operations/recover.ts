import type { RevokeReason } from '@auto-refresh/contracts'
import type { Environment } from '@auto-refresh/service-kit/config'
import type { Command } from 'commander'
import { readEndedSessions } from './read-ended-sessions.ts'
import { withTokenStore } from './with-token-store.ts'

export function defineRecover(command: Command, readSettings: () => Environment): void {
  command
    .description(
      'After a restore, before the services start: ends again every session that had ended since the backup.\n' +
        'It reads them from KAFKA_BROKERS where that is set, else from the audit trail. It is safe to repeat.',
    )
    .action(async () => {
      const counts = { revoked: 0, already_ended: 0, not_found: 0 }
      const environment = readSettings()
      await withTokenStore(
        environment,
        async (tokenStore, databaseUrl) => {
          const ended = new Map<string, RevokeReason>()
          await readEndedSessions(
            environment,
            databaseUrl,
            (sessionId, reason) => void ended.set(sessionId, reason),
          )
          for (const [sessionId, reason] of ended)
            counts[(await tokenStore.revokeSession({ sessionId, reason })).outcome] += 1
        },
        { onNew: refuseNew },
      )
      process.stdout.write(
        `${counts.revoked} sessions ended again, ${counts.already_ended} had ended, ${counts.not_found} are not here\n`,
      )
    })
}

/** A new database has no ended session, and the restored one would stay unchanged. */
function refuseNew(dataDir: string): never {
  throw new Error(`There is no database in ${dataDir} to recover: set DATABASE_URL, or DATA_DIR`)
}
