import type { LoginAudit, LoginEvents, LoginRecord } from '../../ports/login-records.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'

export type RecordLogin = (login: LoginRecord) => Promise<void>
type RecordLoginDeps = Readonly<{
  audit: Pick<LoginAudit, 'record'>
  events: LoginEvents
  metrics: Metrics
  log: Log
}>

/**
 * Writes the audit row first, so that no attempt is lost; then publishes the event, counts and
 * logs.
 */
export function createRecordLogin({ audit, events, metrics, log }: RecordLoginDeps): RecordLogin {
  return async (login) => {
    await audit.record(login)
    events.publish(login)
    metrics.loggedIn(login.outcome, login.method)
    const { outcome, method, actor, usernameHash, userId, sessionId, context } = login
    log.info(
      {
        event: 'login',
        outcome,
        method,
        actor,
        usernameHash,
        userId,
        sessionId,
        network: context.network,
      },
      `Login ${outcome}`,
    )
  }
}
