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
  type Tracing,
} from '@auto-refresh/contracts'
import type { TokenStore } from '@auto-refresh/contracts'
import type { CreateId } from '../../ports/runtime.ts'
import type { Log } from '../../ports/telemetry.ts'
import { createCall } from './create-call.ts'
import { createDirectory, type Lookup } from './create-directory.ts'
import { createStores } from './create-stores.ts'
import { createVerbs } from './create-verbs.ts'
import { openStore } from './open-store.ts'

/** Shorter than the 3 s in which a caller is answered, longer than any statement of the store. */
const DEADLINE_MS = 2000

/**
 * The token-stores over their internal HTTP API. A call that is refused, late, cut or answered in
 * another form, by two of them where it may be repeated, is `CodedError('unavailable')`: it may
 * have been carried out, and the caller's retry finds that. A rotation may be repeated, because a
 * repeated one gets the same successor: within the replay window, and by its `Idempotency-Key` at
 * any time. A request without one is given one, so that the window may be off and our repeat no
 * alarm.
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
  /** a clock that never jumps */
  nowMs?: () => number
  random?: () => number
  createId?: CreateId
  deadlineMs?: number
  lookup?: Lookup
  tracing?: Tracing
}): { tokenStore: TokenStore; close(): Promise<void> } {
  const stores = createStores({
    directory: createDirectory({ urls, lookup, nowMs }),
    open: (endpoint) => openStore({ endpoint, apiKey, tracing }),
    nowMs,
    log,
  })
  const { single, batched } = createVerbs({
    call: createCall({ stores, nowMs, random }),
    deadlineMs,
    nowMs,
    tracing,
  })

  const rotate = batched('rotate', RotateResult)

  return {
    tokenStore: {
      // A second session would be nobody's.
      issue: single('issue', IssueResult, { repeatable: false }),
      rotate: (request) => rotate({ idempotencyKey: createId(), ...request }),
      peek: batched('peek', PeekResult),
      inspect: single('inspect', InspectResult, { repeatable: true }),
      revokeSession: single('revoke-session', RevokeSessionResult, { repeatable: true }),
      revokeUser: single('revoke-user', RevokeUserResult, { repeatable: true }),
      listSessions: single('list-sessions', ListSessionsResult, { repeatable: true }),
      revocations: single('revocations', RevocationsResult, { repeatable: true }),
    },
    close: () => stores.close(),
  }
}

async function lookUp(hostname: string): Promise<readonly string[]> {
  return (await lookupAddresses(hostname, { all: true })).map(({ address }) => address)
}
