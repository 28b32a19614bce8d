import { randomUUID } from 'node:crypto'
import { lookup as lookupAddresses } from 'node:dns/promises'
import {
  InspectResult,
  IssueResult,
  ListSessionsResult,
  PeekResult,
  RevocationsResult,
  RevokeSessionResult,
  RevokeUserResult,
  RotateResult,
  noTracing,
  type TokenStore,
  type Tracing,
} from '@auto-refresh/contracts'
import type { CreateId } from '../../ports/runtime.ts'
import type { Log } from '../../ports/telemetry.ts'
import { createCall } from './create-call.ts'
import { createFindReplicas, type Lookup } from './create-find-replicas.ts'
import { createReplicas } from './create-replicas.ts'
import { createMethods } from './create-methods.ts'
import { openReplica } from './open-replica.ts'

/** Shorter than the 3 s for a whole request, longer than any statement of token-store. */
const DEADLINE_MS = 2000

/**
 * Creates the client of token-store's internal HTTP API. It balances over all replicas and retries
 * once. A call that still fails is `CodedError('unavailable')`: it may have been carried out, and a
 * retry of the caller finds its result. A rotation can be repeated, because it returns the same
 * successor within the grace window, and for the same `Idempotency-Key` at any time. A request
 * without a key gets one, so that a retry raises no alarm when the grace window is off.
 *
 * undici's dns and retry interceptors and RoundRobinPool cannot replace this: they neither keep
 * half of the deadline for another replica nor skip unhealthy replicas until a probe succeeds.
 */
export function createHttpTokenStore({
  urls,
  apiKey,
  log,
  nowMs = () => performance.now(),
  random = Math.random,
  createId = randomUUID,
  deadlineMs = DEADLINE_MS,
  lookup = lookUp,
  tracing = noTracing,
}: {
  urls: readonly string[]
  /** the first of `INTERNAL_API_KEYS` */
  apiKey: string
  log: Pick<Log, 'info' | 'warn'>
  /** monotonic */
  nowMs?: () => number
  random?: () => number
  createId?: CreateId
  deadlineMs?: number
  lookup?: Lookup
  tracing?: Tracing
}): { tokenStore: TokenStore; close(): Promise<void> } {
  const replicas = createReplicas({
    findReplicas: createFindReplicas({ urls, lookup, nowMs }),
    open: (endpoint) => openReplica({ endpoint, apiKey, tracing }),
    nowMs,
    log,
  })
  const { single, batched } = createMethods({
    call: createCall({ replicas, nowMs, random }),
    deadlineMs,
    nowMs,
    tracing,
  })

  const rotate = batched('rotate', RotateResult)

  return {
    tokenStore: {
      // A repeated call would open a second session.
      issue: single('issue', IssueResult, { repeatable: false }),
      rotate: (request) => rotate({ idempotencyKey: createId(), ...request }),
      peek: batched('peek', PeekResult),
      inspect: single('inspect', InspectResult, { repeatable: true }),
      revokeSession: single('revoke-session', RevokeSessionResult, { repeatable: true }),
      revokeUser: single('revoke-user', RevokeUserResult, { repeatable: true }),
      listSessions: single('list-sessions', ListSessionsResult, { repeatable: true }),
      revocations: single('revocations', RevocationsResult, { repeatable: true }),
    },
    close: () => replicas.close(),
  }
}

async function lookUp(hostname: string): Promise<readonly string[]> {
  return (await lookupAddresses(hostname, { all: true })).map(({ address }) => address)
}
