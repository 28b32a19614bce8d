import { CodedError, type RotateRequest, type RotateResult } from '@auto-refresh/contracts'
import {
  decideRotation,
  type Presented,
  type RotationDecision,
  type RotationPolicy,
} from '../domain/decide-rotation.ts'
import type { ServiceRecord } from '../domain/service-record.ts'
import { withTrace, isReadable, type Change, type Session } from '../domain/session.ts'
import type { DecodedToken, IsRolledBack, RefreshTokens, Sessions, SessionsRead } from '../ports.ts'
import { toPresented } from './to-presented.ts'
import { isUncertain, toRefusal, toUncertain, toDecodeRefusal } from './to-refusal.ts'
import { toStoredSession } from './to-stored-session.ts'

type Item = {
  decoded: DecodedToken
  presented: Presented
  position: number
  traceparent: string | undefined
}
type Answer = RotateResult | Error

/**
 * Rotates a batch of tokens in one transaction: lock, decide each, write all. Each request gets its
 * own result or error, in order. A batch that the database rolled back is retried session by
 * session, so that one locked row fails only its own request.
 */
export function createRotate(deps: {
  sessions: Sessions
  refreshTokens: RefreshTokens
  policy: RotationPolicy
  isRolledBack: IsRolledBack
  service: Pick<ServiceRecord, 'rotationCommitted'>
  /** retries end after this: the remaining requests get `unavailable`, as their callers gave up */
  longestMs: number
  /** monotonic */
  nowMs(): number
}): (requests: readonly RotateRequest[]) => Promise<readonly Answer[]> {
  const { sessions, refreshTokens } = deps

  async function rotateTogether(items: readonly Item[]): Promise<Answer[]> {
    const ids = [...new Set(items.map((item) => item.decoded.sessionId))]
    const sentMs = deps.nowMs()
    const { answers, atMs } = await sessions.change(ids, (locked) => {
      const { decisions, changes } = decideInSequence(items, locked, deps)
      // Results are made before the commit, so that nothing can fail after it.
      const result = decisions.map(({ decision, decoded }) =>
        isUncertain(decision, locked.clock)
          ? toUncertain()
          : toResult(decision, decoded, refreshTokens),
      )
      return { result: { answers: result, atMs: locked.clock.nowMs }, changes }
    })
    deps.service.rotationCommitted({ sentMs, atMs })
    return answers
  }

  async function rotate(
    items: readonly Item[],
    untilMs: number,
    answer: (item: Item, answer: Answer) => void,
  ): Promise<void> {
    try {
      if (deps.nowMs() > untilMs) throw new CodedError('unavailable')
      const results = await rotateTogether(items)
      items.forEach((item, i) => answer(item, results[i] ?? new Error('Rotation has no result')))
    } catch (error) {
      const bySession = Map.groupBy(items, (item) => item.decoded.sessionId)
      if (bySession.size > 1 && deps.isRolledBack(error)) {
        for (const own of bySession.values()) await rotate(own, untilMs, answer)
      } else {
        for (const item of items)
          answer(
            item,
            error instanceof Error ? error : new Error('Rotation failed', { cause: error }),
          )
      }
    }
  }

  return async (requests) => {
    const reads = requests.map((request) => refreshTokens.decode(request.token))
    const answers: Answer[] = reads.map(toDecodeRefusal)
    const items = requests.flatMap((request, position) => {
      const read = reads[position]
      if (read?.outcome !== 'authentic') return []
      return [
        {
          decoded: read.decoded,
          presented: toPresented(request, read.decoded, refreshTokens),
          position,
          traceparent: request.traceparent,
        },
      ]
    })
    if (items.length > 0)
      await rotate(
        items,
        deps.nowMs() + deps.longestMs,
        (item, answer) => (answers[item.position] = answer),
      )
    return answers
  }
}

/**
 * Decides in the order of the batch: for two tokens of one session the second decision sees the
 * change of the first.
 */
function decideInSequence(
  items: readonly Item[],
  locked: SessionsRead,
  { policy, refreshTokens }: { policy: RotationPolicy; refreshTokens: RefreshTokens },
) {
  const current = new Map<string, Session>(locked.sessions)
  const changed = new Map<string, Change>()
  const decisions = items.map(({ decoded, presented, traceparent }) => {
    const session = current.get(presented.sessionId)
    // A replica with a newer key made the current token: this process could not mint it again.
    if (session !== undefined && !refreshTokens.hasKey(session.macKid))
      return { decision: { outcome: 'unknown_kid' as const }, decoded }
    if (session !== undefined && !isReadable(session))
      return { decision: { outcome: 'unreadable' as const }, decoded }
    const decision = decideRotation(session, presented, locked.clock, policy)
    if ('change' in decision) {
      const { session: next, events } = withTrace(decision.change, traceparent)
      current.set(next.id, next)
      changed.set(next.id, {
        session: next,
        events: [...(changed.get(next.id)?.events ?? []), ...events],
      })
    }
    return { decision, decoded }
  })
  return { decisions, changes: [...changed.values()] }
}

function toResult(
  decision: RotationDecision | { outcome: 'unknown_kid' } | { outcome: 'unreadable' },
  decoded: DecodedToken,
  refreshTokens: RefreshTokens,
): Answer {
  if (decision.outcome === 'unreadable')
    return new CodedError('unavailable', {
      cause: new Error(`Session ${decoded.sessionId} has a value that is not a number`),
    })
  if (decision.outcome === 'unknown_kid') return decision
  if (!('intervalSeconds' in decision)) return toRefusal(decision, decoded.sessionId)
  const { session } = decision.change
  const successor = refreshTokens.mint({
    sessionId: session.id,
    generation: session.generation,
    nonce: decoded.nonce,
    kid: session.macKid,
  })
  return {
    outcome: decision.outcome,
    token: successor,
    session: toStoredSession(session),
    intervalSeconds: decision.intervalSeconds,
  }
}
