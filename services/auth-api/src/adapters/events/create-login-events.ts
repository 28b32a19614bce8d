import { LOGIN_EVENTS_TOPIC, type AnyEvent } from '@auto-refresh/contracts'
import type { EventPublisher } from '@auto-refresh/event-bus'
import type { Clock, CreateId, Log, LoginEvents, LoginRecord, Recorder } from '../../ports.ts'

const MAX_WAITING = 1000
const BATCH = 100
const RETRY_MS = 1000

export type LoginEventsDeps = Readonly<{
  publisher: Pick<EventPublisher, 'publish'>
  recorder: Pick<Recorder, 'loginEventsDropped'>
  clock: Clock
  createId: CreateId
  log: Log
  maxWaiting?: number
  retryMs?: number
}>

/**
 * Login events in order, from a bounded queue: what does not fit is dropped and counted, for the audit row has it all. A
 * batch that the bus does not take is sent again. `flush` waits for what can be sent without waiting for a retry.
 */
export function createLoginEvents(deps: LoginEventsDeps): LoginEvents & { flush(): Promise<void> } {
  const { publisher, recorder, clock, createId, log, maxWaiting = MAX_WAITING, retryMs = RETRY_MS } = deps
  const waiting: AnyEvent[] = []
  let sending: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined

  return {
    publish(login) {
      if (waiting.length >= maxWaiting) return recorder.loginEventsDropped(1)
      waiting.push(toEvent(login, { id: createId(), time: new Date(clock.nowMs()).toISOString() }))
      if (retry === undefined) void send()
    },
    async flush() {
      await send()
      clearTimeout(retry)
      retry = undefined
      recorder.loginEventsDropped(waiting.splice(0).length)
    },
  }

  function send(): Promise<void> {
    sending ??= drain().finally(() => {
      sending = undefined
      // one that came in just as the last batch had gone
      if (waiting.length > 0 && retry === undefined) void send()
    })
    return sending
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH)
      try {
        await publisher.publish(LOGIN_EVENTS_TOPIC, batch)
      } catch (error) {
        log.warn({ err: error, waiting: waiting.length }, 'Login events could not be published; trying on')
        clearTimeout(retry)
        retry = setTimeout(() => {
          retry = undefined
          void send()
        }, retryMs).unref()
        return
      }
      waiting.splice(0, batch.length)
    }
  }
}

function toEvent(login: LoginRecord, { id, time }: { id: string; time: string }): AnyEvent {
  const { outcome, usernameHash, userId, sessionId, context: { network, agent } } = login
  const envelope = { id, source: 'auth-api', time, subject: usernameHash, key: usernameHash }
  const context = { username_hash: usernameHash, network, agent }
  if (outcome !== 'succeeded') return { ...envelope, type: 'login.failed.v1', data: { ...context, reason: outcome } }
  if (userId === undefined || sessionId === undefined) throw new TypeError('A login that succeeded has a user and a session')
  return { ...envelope, type: 'login.succeeded.v1', data: { ...context, user_id: userId, session_id: sessionId } }
}
