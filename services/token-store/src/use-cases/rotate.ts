import { CodedError, type RotateRequest, type RotateResult } from '@auto-refresh/contracts'
import {
  decideRotation,
  type Presented,
  type RotationDecision,
  type RotationPolicy,
} from '../domain/decide-rotation.ts'
import type { ServiceRecord } from '../domain/service-record.ts'
import { inTrace, isReadable, type Change, type Session } from '../domain/session.ts'
import type { IsRolledBack, Read, ReadToken, RefreshTokens, Sessions } from '../ports.ts'
import { toPresented } from './to-presented.ts'
import { isUncertain, toRefusal, toUncertain, toUnread } from './to-refusal.ts'
import { toStoredSession } from './to-stored-session.ts'

type Item = {
  token: ReadToken
  presented: Presented
  position: number
  traceparent: string | undefined
}
type Answer = RotateResult | Error

/**
 * Carries out rotations as one transaction: lock, decide each, write all. Each request gets its own
 * answer or error; a batch that the database rolled back is done again session by session, so that
 * one stuck row costs only its own request.
 */
export function createRotate(deps: {
  sessions: Sessions
  refreshTokens: RefreshTokens
  policy: RotationPolicy
  isRolledBack: IsRolledBack
  service: Pick<ServiceRecord, 'rotated'>
  /**
   * a batch that is done again session by session ends after this: the rest is `unavailable`, for
   * nobody waits for it any more
   */
  longestMs: number
  /** monotonic */
  nowMs(): number
}): (requests: readonly RotateRequest[]) => Promise<readonly Answer[]> {
  const { sessions, refreshTokens } = deps

  async function rotateTogether(items: readonly Item[]): Promise<Answer[]> {
    const ids = [...new Set(items.map((item) => item.token.sessionId))]
    const sentMs = deps.nowMs()
    const { answers, atMs } = await sessions.change(ids, (locked) => {
      const { decisions, changes } = decideInSequence(items, locked, deps)
      // Answers are made before the commit, so that nothing which can fail stands behind it.
      const result = decisions.map(({ decision, token }) =>
        isUncertain(decision, locked.clock)
          ? toUncertain()
          : toResult(decision, token, refreshTokens),
      )
      return { result: { answers: result, atMs: locked.clock.nowMs }, changes }
    })
    deps.service.rotated({ sentMs, atMs })
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
      items.forEach((item, i) => answer(item, results[i] ?? new Error('no answer')))
    } catch (error) {
      const bySession = Map.groupBy(items, (item) => item.token.sessionId)
      if (bySession.size > 1 && deps.isRolledBack(error)) {
        for (const own of bySession.values()) await rotate(own, untilMs, answer)
      } else {
        for (const item of items)
          answer(
            item,
            error instanceof Error ? error : new Error('rotation failed', { cause: error }),
          )
      }
    }
  }

  return async (requests) => {
    const tokens = requests.map((request) => refreshTokens.read(request.token))
    const answers: Answer[] = tokens.map(toUnread)
    const items = requests.flatMap((request, position) => {
      const read = tokens[position]
      if (read?.outcome !== 'authentic') return []
      return [
        {
          token: read.token,
          presented: toPresented(request, read.token, refreshTokens),
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
 * Two tokens of one session in one batch are decided one after the other, the second on what the
 * first has changed.
 */
function decideInSequence(
  items: readonly Item[],
  locked: Read,
  { policy, refreshTokens }: { policy: RotationPolicy; refreshTokens: RefreshTokens },
) {
  const standing = new Map<string, Session>(locked.sessions)
  const changed = new Map<string, Change>()
  const decisions = items.map(({ token, presented, traceparent }) => {
    const session = standing.get(presented.sessionId)
    // Its current token was made by a replica with a newer key than we have: we could not say it
    // again.
    if (session !== undefined && !refreshTokens.hasKey(session.macKid))
      return { decision: { outcome: 'unknown_kid' as const }, token }
    if (session !== undefined && !isReadable(session))
      return { decision: { outcome: 'unreadable' as const }, token }
    const decision = decideRotation(session, presented, locked.clock, policy)
    if ('change' in decision) {
      const { session: next, events } = inTrace(decision.change, traceparent)
      standing.set(next.id, next)
      changed.set(next.id, {
        session: next,
        events: [...(changed.get(next.id)?.events ?? []), ...events],
      })
    }
    return { decision, token }
  })
  return { decisions, changes: [...changed.values()] }
}

function toResult(
  decision: RotationDecision | { outcome: 'unknown_kid' } | { outcome: 'unreadable' },
  token: ReadToken,
  refreshTokens: RefreshTokens,
): Answer {
  if (decision.outcome === 'unreadable')
    return new CodedError('unavailable', {
      cause: new Error(`Session ${token.sessionId} has a value that is not a number`),
    })
  if (decision.outcome === 'unknown_kid') return decision
  if (!('intervalSeconds' in decision)) return toRefusal(decision, token.sessionId)
  const { session } = decision.change
  const successor = refreshTokens.mint({
    sessionId: session.id,
    generation: session.generation,
    nonce: token.nonce,
    kid: session.macKid,
  })
  return {
    outcome: decision.outcome,
    token: successor,
    session: toStoredSession(session),
    intervalSeconds: decision.intervalSeconds,
  }
}
