import { randomUUID } from 'node:crypto'
import { repeat } from '@auto-refresh/service-kit/timing'
import type { Notification, Pool, PoolClient } from 'pg'
import type { UserChangeListener, UserChanges } from '../../ports/known-users.ts'
import type { Log } from '../../ports/telemetry.ts'

/** The channel of the trigger `users_changed`. */
const CHANNEL = 'auth_api_users'
const PROBE_MS = 1000
/** As long as a revocation may take: two probes. */
const KNOWN_FOR_MS = 2000
const REOPEN_MS = 4000

/**
 * Listens to the announcements of changed users on a connection of its own. Each second it announces
 * something to itself, on another connection: Postgres delivers announcements in the order of their
 * commits, so a probe that has arrived proves that all earlier changes have arrived. So a broken
 * connection, or a pooler that does not deliver announcements, is noticed.
 *
 * @param pool sends the probes
 * @param listenerPool the listener keeps one of its connections
 * @param elapsedMs monotonic clock
 */
export function createUserChanges({
  pool,
  listenerPool,
  elapsedMs,
  log,
}: {
  pool: Pool
  listenerPool: Pool
  elapsedMs: () => number
  log: Log
}): UserChanges & { start(listener: UserChangeListener): void; stop(): Promise<void> } {
  const probeChannel = `auth_api_probe_${randomUUID().replaceAll('-', '')}`
  let listener: UserChangeListener | undefined
  let client: PoolClient | undefined
  let probe = { number: 0, sentMs: -Infinity }
  let provenMs = -Infinity
  let openedMs = -Infinity

  const repeating = repeat({
    everyMs: PROBE_MS,
    run: sendProbe,
    onError: (error) =>
      log.warn(
        { err: error },
        'Listening to user changes failed, retrying: users are read each time',
      ),
    isFirstAtOnce: true,
  })

  async function sendProbe(): Promise<void> {
    try {
      if (elapsedMs() - Math.max(provenMs, openedMs) > REOPEN_MS) close()
      client ??= await open()
      probe = { number: probe.number + 1, sentMs: elapsedMs() }
      // Not durable, because it stores nothing: so no other announcement waits for it.
      await pool.query({
        name: 'probe',
        text: `select set_config('synchronous_commit', 'off', true), pg_notify($1::text, $2::text)`,
        values: [probeChannel, String(probe.number)],
      })
    } catch (error) {
      close()
      throw error
    }
  }

  async function open(): Promise<PoolClient> {
    const opened = await listenerPool.connect()
    try {
      opened.on('notification', handle)
      opened.on('end', () => {
        if (client === opened) close()
      })
      await opened.query(`listen ${CHANNEL}; listen ${probeChannel}`)
    } catch (error) {
      opened.release(true)
      throw error
    }
    openedMs = elapsedMs()
    // Changes before this moment were not announced.
    listener?.allMayHaveChanged()
    return opened
  }

  function close(): void {
    provenMs = -Infinity
    client?.removeListener('notification', handle)
    client?.release(true)
    client = undefined
  }

  function handle({ channel, payload = '' }: Notification): void {
    if (channel === CHANNEL && payload === '') listener?.allMayHaveChanged()
    else if (channel === CHANNEL) listener?.userChanged(payload)
    else if (payload === String(probe.number)) provenMs = probe.sentMs
  }

  return {
    areKnown: () => elapsedMs() - provenMs < KNOWN_FOR_MS,
    start(to) {
      listener = to
      repeating.start()
    },
    async stop() {
      await repeating.stop()
      close()
    },
  }
}
