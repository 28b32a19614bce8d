import { addSecretFiles } from '@auto-refresh/service-kit/config'
import type { RevokeReason } from '@auto-refresh/contracts'
import { endWithFault } from './end-with-fault.ts'
import { refuseArguments } from './refuse-arguments.ts'
import { readEndedSessions } from './read-ended-sessions.ts'
import { withTokenStore } from './with-token-store.ts'

refuseArguments(
  'npm run recover, without arguments: after a restore, before the services start, ends again what had been ended since the backup (KAFKA_BROKERS, or the audit trail).',
)

/**
 * In a database of its own making nothing could be ended, and the restored one would stay as it is.
 */
function refuseNew(dataDir: string): never {
  throw new Error(`There is no database in ${dataDir} to recover: set DATABASE_URL, or DATA_DIR`)
}

/**
 * `npm run recover`: after a restore, before the services start, ends again what had been ended
 * since the backup: from the topic where KAFKA_BROKERS is set, else from the audit trail. Safe to
 * repeat.
 */
try {
  const counts = { revoked: 0, already_ended: 0, not_found: 0 }
  const environment = addSecretFiles(process.env)
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
} catch (error) {
  endWithFault(error)
}
