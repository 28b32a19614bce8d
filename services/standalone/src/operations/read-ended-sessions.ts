import { readEndedSessionsOfAuditTrail } from '@auto-refresh/cleanup-worker'
import { parseKafkaSettings, type Environment } from '@auto-refresh/service-kit/config'
import { SESSION_EVENTS_TOPIC, type RevokeReason } from '@auto-refresh/contracts'
import { readTopics } from '@auto-refresh/event-bus'
import { createLogger } from '@auto-refresh/service-kit/telemetry'

/**
 * Returns every ended session with its reason: from the Kafka topic if there is a Kafka, else from
 * the audit trail.
 */
export async function readEndedSessions(
  environment: Environment,
  databaseUrl: string,
  onEnded: (sessionId: string, reason: RevokeReason) => void,
): Promise<void> {
  if ((environment['KAFKA_BROKERS'] ?? '') === '') {
    for (const { sessionId, reason } of await readEndedSessionsOfAuditTrail(databaseUrl))
      onEnded(sessionId, reason)
    return
  }
  await readTopics({
    settings: parseKafkaSettings(environment, 'recover'),
    log: createLogger({ service: 'recover', level: 'error', destination: process.stderr }),
    topics: [SESSION_EVENTS_TOPIC],
    which: 'everything',
    onEvent(event) {
      if (event.type === 'session.revoked.v1') onEnded(event.data.session_id, event.data.reason)
      if (event.type === 'session.reuse-detected.v1') onEnded(event.data.session_id, 'reuse')
    },
  })
}
