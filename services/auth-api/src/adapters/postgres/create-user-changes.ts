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

/**
 * Listens to the announcements of changed users on a connection of its own. Each second it announces
 * something to itself: Postgres delivers announcements in the order of their commits, so a probe
 * that has returned proves that all earlier changes have been delivered. So a broken connection, or
 * a pooler that does not deliver them, is noticed.
 *
 * @param pool the listener keeps one of its connections
 * @param elapsedMs monotonic clock
 */
export function createUserChanges({
  pool,
  elapsedMs,
  log,
}: {
  pool: Pool
  elapsedMs: () => number
  log: Log
}): UserChanges & { start(listener: UserChangeListener): void; stop(): Promise<void> } {
  const probeChannel = `auth_api_probe_${randomUUID().replaceAll('-', '')}`
  let listener: UserChangeListener | undefined
  let client: PoolClient | undefined
  let probe = { number: 0, sentMs: -Infinity }
  let provenMs = -Infinity

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
      client ??= await open()
      probe = { number: probe.number + 1, sentMs: elapsedMs() }
      await client.query({
        name: 'probe',
        text: 'select pg_notify($1::text, $2::text)',
        values: [probeChannel, String(probe.number)],
      })
    } catch (error) {
      close()
      throw error
    }
  }

  async function open(): Promise<PoolClient> {
    const opened = await pool.connect()
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
    if (channel === CHANNEL) listener?.userChanged(payload)
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
