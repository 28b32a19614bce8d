import type { AnyEvent } from '@auto-refresh/contracts'
import type { LoginEvents, LoginRecord } from '../../ports/login-records.ts'
import type { PasswordChange, PasswordChangeEvents } from '../../ports/password-changes.ts'
import { createEventQueue, type EventQueueDeps, type EventStamp } from './create-event-queue.ts'

/** Publishes login events in order. Dropped events are still in the audit table. */
export function createLoginEvents(
  deps: EventQueueDeps,
): LoginEvents & PasswordChangeEvents & { flush(): Promise<void> } {
  const queue = createEventQueue(deps)
  return {
    publish: (login) => queue.add((stamp) => toEvent(login, stamp)),
    passwordChanged: (change) => queue.add((stamp) => toPasswordEvent(change, stamp)),
    flush: queue.flush,
  }
}

function toPasswordEvent(
  { method, userId, usernameHash, sessionId, context: { network, agent } }: PasswordChange,
  stamp: EventStamp,
): AnyEvent {
  return {
    ...stamp,
    subject: usernameHash,
    key: usernameHash,
    type: 'login.password-changed.v1',
    data: {
      username_hash: usernameHash,
      user_id: userId,
      method,
      ...(sessionId !== undefined && { session_id: sessionId }),
      network,
      agent,
    },
  }
}

function toEvent(login: LoginRecord, stamp: EventStamp): AnyEvent {
  const {
    outcome,
    method,
    actor,
    usernameHash,
    userId,
    sessionId,
    context: { network, agent },
  } = login
  const envelope = { ...stamp, subject: usernameHash, key: usernameHash }
  const context = {
    username_hash: usernameHash,
    method,
    ...(actor !== undefined && { actor }),
    network,
    agent,
  }
  if (outcome !== 'succeeded')
    return { ...envelope, type: 'login.failed.v1', data: { ...context, reason: outcome } }
  if (userId === undefined || sessionId === undefined)
    throw new TypeError('A successful login needs a user id and a session id')
  return {
    ...envelope,
    type: 'login.succeeded.v1',
    data: { ...context, user_id: userId, session_id: sessionId },
  }
}
