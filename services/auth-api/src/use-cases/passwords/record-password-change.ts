import { toUsernameKey } from '../../domain/username.ts'
import type { PasswordChange, PasswordChangeEvents } from '../../ports/password-changes.ts'
import type { HashUsername } from '../../ports/sign-in-limits.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { User } from '../../ports/users.ts'
import type { DeliverRevocations } from '../sessions/deliver-revocations.ts'

export type RecordPasswordChange = (
  change: Pick<PasswordChange, 'method' | 'sessionId' | 'context'> & {
    user: Pick<User, 'id' | 'username'>
  },
) => Promise<void>

type RecordPasswordChangeDeps = Readonly<{
  deliverRevocations: DeliverRevocations
  events: PasswordChangeEvents
  hashUsername: HashUsername
  log: Log
}>

/**
 * Ends the sessions of a user whose new password has been committed, publishes the change and logs
 * it. Never fails, because the password is stored. Refreshes are refused from the commit on, and a
 * background job ends the sessions when token-store is available again.
 */
export function createRecordPasswordChange({
  deliverRevocations,
  events,
  hashUsername,
  log,
}: RecordPasswordChangeDeps): RecordPasswordChange {
  return async ({ method, user, sessionId, context }) => {
    await deliverRevocations({ userId: user.id }).catch((error: unknown) =>
      log.warn(
        { err: error, userId: user.id },
        'Ending sessions after a password change failed, retrying in the background',
      ),
    )
    const kept = sessionId === undefined ? {} : { sessionId }
    const usernameHash = hashUsername(toUsernameKey(user.username))
    events.passwordChanged({ method, userId: user.id, usernameHash, ...kept, context })
    log.info(
      { event: 'password_changed', method, userId: user.id, sessionId, network: context.network },
      'Password changed, other sessions ended',
    )
  }
}
