import { createBatch } from '@auto-refresh/service-kit/batch'
import {
  CodedError,
  type PeekResult,
  type RotateRequest,
  type RotateResult,
  type TokenStore,
  type Tracing,
} from '@auto-refresh/contracts'
import type { IssuePolicy } from '../domain/decide-issue.ts'
import type { RotationPolicy } from '../domain/decide-rotation.ts'
import type { ServiceRecord } from '../domain/service-record.ts'
import type { IsRolledBack, RefreshTokens, Metrics, Sessions } from '../ports.ts'
import { createInspect } from './inspect.ts'
import { createIssue } from './issue.ts'
import { createPeek } from './peek.ts'
import { createRevokeSession, createRevokeUser } from './revoke.ts'
import { createRotate } from './rotate.ts'
import { toStoredSession } from './to-stored-session.ts'

/** Measured: 2 to 4 concurrent batches perform alike; one alone idles between its round trips. */
const IN_FLIGHT = 3
const LARGEST_BATCH = 256
const LONGEST_QUEUE = 10_000
const LONGEST_WAIT_MS = 1_500

/**
 * The use cases of this service. Rotations and peeks are batched. Errors of the database are thrown
 * as `CodedError` `unavailable`, and reported.
 */
export function createTokenStore(deps: {
  sessions: Sessions
  refreshTokens: RefreshTokens
  policy: RotationPolicy & IssuePolicy
  sessionLimit: number
  isRolledBack: IsRolledBack
  toUnavailable(error: unknown): CodedError
  nowMs(): number
  service: ServiceRecord
  onCommit(): void
  metrics: Metrics
  tracing: Tracing
}): TokenStore {
  const { sessions, metrics, tracing } = deps
  const limits = {
    inFlight: IN_FLIGHT,
    largest: LARGEST_BATCH,
    longestQueue: LONGEST_QUEUE,
    longestWaitMs: LONGEST_WAIT_MS,
    nowMs: deps.nowMs,
  }
  const rotateBatch = createRotate({ ...deps, longestMs: LONGEST_WAIT_MS })
  const rotate = createBatch<RotateRequest, RotateResult>({
    ...limits,
    run: (requests) =>
      tracing.spanForAll(
        { kind: 'internal', name: 'rotate', attributes: { 'auth.batch.size': requests.length } },
        requests.map((request) => request.traceparent),
        (own) => {
          metrics.batch(requests.length)
          return rotateBatch(
            requests.map((request, i) =>
              own[i] === undefined ? request : { ...request, traceparent: own[i] },
            ),
          )
        },
      ),
  })
  const peekBatch = createPeek(deps)
  const peek = createBatch<RotateRequest, PeekResult>({
    ...limits,
    run: (requests) =>
      tracing.spanForAll(
        { kind: 'internal', name: 'peek', attributes: { 'auth.batch.size': requests.length } },
        requests.map((request) => request.traceparent),
        () => peekBatch(requests),
      ),
  })
  const issue = createIssue(deps)
  const inspect = createInspect(deps)
  const revokeSession = createRevokeSession(deps)
  const revokeUser = createRevokeUser(deps)

  async function guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      const unavailable = deps.toUnavailable(error)
      metrics.requestFailed(unavailable)
      throw unavailable
    }
  }

  async function write<T>(work: Promise<T>): Promise<T> {
    const result = await guard(work)
    deps.onCommit()
    return result
  }

  return {
    issue: (request) => write(issue(request)),
    async rotate(request) {
      // A paused process must not decide requests that arrived during the pause: their callers have
      // given up and asked another replica.
      if (!deps.service.isServing()) throw new CodedError('unavailable')
      const result = await write(rotate(request)).catch((error: unknown) => {
        deps.service.rotationFailed()
        throw error
      })
      metrics.rotation(result)
      return result
    },
    peek: (request) => guard(peek(request)),
    inspect: (request) => guard(inspect(request)),
    revokeSession: (request) => write(revokeSession(request)),
    revokeUser: (request) => write(revokeUser(request)),
    listSessions: async ({ userId }) => ({
      sessions: (await guard(sessions.activeOf(userId))).map(toStoredSession),
    }),
    revocations: (request) => guard(sessions.revocations(request)),
  }
}
