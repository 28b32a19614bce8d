import type { Client } from 'pg'
import { errorCode } from './error-code.ts'
import type { Instance } from './instance.ts'
import { findPostmaster, isPostmaster } from './postmaster.ts'
import { connectWhenReady, findFreePort, startServer } from './server.ts'

/** `lock` is the connection that holds the ownership: while it is open, no other process gets it. */
export type OwnedServer = Readonly<{ pid: number; port: number; lock: Client }>

/** An arbitrary number; no other advisory lock of this server uses it. */
const OWNERSHIP = 4_927_301
const ATTEMPTS = 5

/**
 * Takes over the server that runs on the data directory (its owner was killed), or starts one. Two
 * concurrent processes get the same server, and the lock decides: the other gets `in_use`.
 */
export async function openServer(
  instance: Instance,
  preferredPort?: number,
): Promise<OwnedServer | 'in_use'> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const running = await findPostmaster(instance.data)
      return running === undefined
        ? await startOwned(instance, preferredPort)
        : await takeOver(instance, running)
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
    }
  }
}

async function startOwned(
  instance: Instance,
  preferredPort: number | undefined,
): Promise<OwnedServer | 'in_use'> {
  const port = preferredPort ?? (await findFreePort())
  const { pid, client } = await startServer(instance, { port })
  return (await takeOwnership(client)) ? { pid, port, lock: client } : 'in_use'
}

async function takeOver(
  instance: Instance,
  { pid, port }: { pid: number; port: number },
): Promise<OwnedServer | 'in_use'> {
  const client = await connectWhenReady(instance, {
    port,
    isAlive: () => isPostmaster(pid, instance.data),
  })
  return (await takeOwnership(client)) ? { pid, port, lock: client } : 'in_use'
}

/**
 * Waits up to three seconds (`lock_timeout` of the connection): the server may not have noticed yet
 * that the previous owner has exited.
 */
async function takeOwnership(client: Client): Promise<boolean> {
  try {
    await client.query('select pg_advisory_lock($1::bigint)', [OWNERSHIP])
    return true
  } catch (error) {
    await client.end()
    if (errorCode(error) === '55P03') return false
    throw error
  }
}
