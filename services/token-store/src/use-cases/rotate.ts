import type { RotateRequest, RotateResult } from '@auto-refresh/contracts'
import { decideRotation, type Presented, type RotationDecision, type RotationPolicy } from '../domain/decide-rotation.ts'
import type { Change, Session } from '../domain/session.ts'
import type { IsRolledBack, Read, ReadToken, RefreshTokens, Sessions } from '../ports.ts'
import { toPresented } from './to-presented.ts'
import { toRefusal, toUnread } from './to-refusal.ts'
import { toStoredSession } from './to-stored-session.ts'

type Item = { token: ReadToken; presented: Presented; position: number }
type Answer = RotateResult | Error

/**
 * Carries out rotations as one transaction: lock, decide each, write all. Each request gets its own answer or error; a
 * batch that the database rolled back is done again session by session, so that one stuck row costs only its own request.
 */
export function createRotate(deps: {
  sessions: Sessions
  refreshTokens: RefreshTokens
  policy: RotationPolicy
  isRolledBack: IsRolledBack
}): (requests: readonly RotateRequest[]) => Promise<readonly Answer[]> {
  const { sessions, refreshTokens, policy } = deps

  function rotateTogether(items: readonly Item[]): Promise<RotateResult[]> {
    const ids = [...new Set(items.map((item) => item.token.sessionId))]
    return sessions.change(ids, (locked) => {
      const { decisions, changes } = decideInSequence(items, locked, policy)
      // Answers are made before the commit, so that nothing which can fail stands behind it.
      return { result: decisions.map(({ decision, token }) => toResult(decision, token, refreshTokens)), changes }
    })
  }

  async function rotate(items: readonly Item[], answer: (item: Item, answer: Answer) => void): Promise<void> {
    try {
      const results = await rotateTogether(items)
      items.forEach((item, i) => answer(item, results[i] ?? new Error('no answer')))
    } catch (error) {
      const bySession = Map.groupBy(items, (item) => item.token.sessionId)
      if (bySession.size > 1 && deps.isRolledBack(error)) {
        for (const own of bySession.values()) await rotate(own, answer)
      } else {
        for (const item of items) answer(item, error instanceof Error ? error : new Error('rotation failed', { cause: error }))
      }
    }
  }

  return async (requests) => {
    const tokens = requests.map((request) => refreshTokens.read(request.token))
    const answers: Answer[] = tokens.map(toUnread)
    const items = requests.flatMap((request, position) => {
      const read = tokens[position]
      if (read?.outcome !== 'authentic') return []
      return [{ token: read.token, presented: toPresented(request, read.token, refreshTokens), position }]
    })
    if (items.length > 0) await rotate(items, (item, answer) => (answers[item.position] = answer))
    return answers
  }
}

/** Two tokens of one session in one batch are decided one after the other, the second on what the first has changed. */
function decideInSequence(items: readonly Item[], locked: Read, policy: RotationPolicy) {
  const standing = new Map<string, Session>(locked.sessions)
  const changed = new Map<string, Change>()
  const decisions = items.map(({ token, presented }) => {
    const decision = decideRotation(standing.get(presented.sessionId), presented, locked.clock, policy)
    if ('change' in decision) {
      const { session, events } = decision.change
      standing.set(session.id, session)
      changed.set(session.id, { session, events: [...(changed.get(session.id)?.events ?? []), ...events] })
    }
    return { decision, token }
  })
  return { decisions, changes: [...changed.values()] }
}

function toResult(decision: RotationDecision, token: ReadToken, refreshTokens: RefreshTokens): RotateResult {
  if (!('intervalSeconds' in decision)) return toRefusal(decision, token.sessionId)
  const { session } = decision.change
  const successor = refreshTokens.mint({ sessionId: session.id, generation: session.generation, nonce: token.nonce, kid: session.macKid })
  return { outcome: decision.outcome, token: successor, session: toStoredSession(session), intervalSeconds: decision.intervalSeconds }
}
