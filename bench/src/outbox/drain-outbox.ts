import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'

const EVERY_MS = 100

/** Waits until the outbox is empty. Throws an `Error` after the deadline. */
export async function drainOutbox(client: Client, deadlineMs: number): Promise<void> {
  const until = performance.now() + deadlineMs
  for (;;) {
    const { rows } = await client.query<{ left: boolean }>(
      'select exists (select from token_store.outbox) as left',
    )
    if (rows[0]?.left === false) return
    if (performance.now() > until)
      throw new Error(`The outbox was not empty after ${deadlineMs / 1000} s`)
    await delay(EVERY_MS)
  }
}
