import type { RotateRequest, RotateResult } from '@auto-refresh/contracts'
import { decideRotation, type Presented, type RotationDecision, type RotationPolicy } from '../domain/decide-rotation.ts'
import type { Change, Session } from '../domain/session.ts'
import type { IsRolledBack, Read, ReadToken, RefreshTokens, Sessions } from '../ports.ts'
import { toPresented } from './to-presented.ts'
import { toStoredSession } from './to-stored-session.ts'

type Item = { token: ReadToken; presented: Presented }

/**
 * Carries out rotations as one transaction: lock, decide each, write all. Each request gets its own answer or error; a
 * batch that the database rolled back is done again session by session, so that one stuck row costs only its own request.
 */
export function createRotate(deps: {
  sessions: Sessions
  refreshTokens: RefreshTokens
  policy: RotationPolicy
  isRolledBack: IsRolledBack
}): (requests: readonly RotateRequest[]) => Promise<ReadonlyArray<RotateResult | Error>> {
  const { sessions, refreshTokens, policy } = deps

  async function rotateAll(items: readonly Item[]): Promise<RotateResult[]> {
    const ids = [...new Set(items.map((item) => item.token.sessionId))]
    return sessions.change(ids, (locked) => {
      const { decisions, changes } = decideInSequence(items, locked, policy)
      // Answers are made before the commit, so that nothing which can fail stands behind it.
      const result = decisions.map((decision, i) => toResult(decision, items[i]?.token, refreshTokens))
      return { result, changes }
    })
  }

  async function rotateEachSession(items: readonly Item[]): Promise<ReadonlyArray<RotateResult | Error>> {
    const bySession = Map.groupBy(items, (item) => item.token.sessionId)
    const answers = new Map<Item, RotateResult | Error>()
    for (const [, own] of bySession) {
      const results = await rotateAll(own).catch((error: unknown) => toError(error))
      own.forEach((item, i) => answers.set(item, (results instanceof Error ? results : results[i]) ?? new Error('no answer')))
    }
    return items.map((item) => answers.get(item) ?? new Error('no answer'))
  }

  async function rotateItems(items: readonly Item[]): Promise<ReadonlyArray<RotateResult | Error>> {
    if (items.length === 0) return []
    try {
      return await rotateAll(items)
    } catch (error) {
      const oneSession = new Set(items.map((item) => item.token.sessionId)).size === 1
      if (oneSession || !deps.isRolledBack(error)) return items.map(() => toError(error))
      return rotateEachSession(items)
    }
  }

  return async (requests) => {
    const read = requests.map((request) => ({ request, read: refreshTokens.read(request.token) }))
    const items = read.map(({ request, read: { ...result } }) =>
      result.outcome === 'authentic' ? { token: result.token, presented: toPresented(request, result.token, refreshTokens) } : undefined,
    )
    const authentic = items.filter((item) => item !== undefined)
    const results = await rotateItems(authentic)
    const answers = new Map(authentic.map((item, i) => [item, results[i]]))
    return read.map(({ read: { outcome } }, i) => {
      const item = items[i]
      if (item !== undefined) return answers.get(item) ?? new Error('no answer')
      return outcome === 'unknown_kid' ? { outcome } : { outcome: 'invalid', mac: false }
    })
  }
}

/** Two tokens of one session in one batch are decided one after the other, the second on what the first has changed. */
function decideInSequence(items: readonly Item[], locked: Read, policy: RotationPolicy) {
  const standing = new Map<string, Session>(locked.sessions)
  const changed = new Map<string, Change>()
  const decisions = items.map(({ presented }) => {
    const decision = decideRotation(standing.get(presented.sessionId), presented, locked.clock, policy)
    if ('change' in decision) {
      const { session, events } = decision.change
      standing.set(session.id, session)
      changed.set(session.id, { session, events: [...(changed.get(session.id)?.events ?? []), ...events] })
    }
    return decision
  })
  return { decisions, changes: [...changed.values()] }
}

function toResult(decision: RotationDecision, token: ReadToken | undefined, refreshTokens: RefreshTokens): RotateResult {
  if (token === undefined) throw new Error('A decision without its token')
  switch (decision.outcome) {
    case 'rotated':
    case 'replayed':
    case 'regressed': {
      const { session } = decision.change
      const successor = refreshTokens.mint({ sessionId: session.id, generation: session.generation, nonce: token.nonce, kid: session.macKid })
      return { outcome: decision.outcome, token: successor, session: toStoredSession(session), intervalSeconds: decision.intervalSeconds }
    }
    default:
      return toRefusal(decision, token.sessionId)
  }
}

type Refusal = Exclude<RotationDecision, { outcome: 'rotated' | 'replayed' | 'regressed' }>

export function toRefusal(decision: Refusal, sessionId: string): Exclude<RotateResult, { outcome: 'rotated' | 'replayed' | 'regressed' }> {
  switch (decision.outcome) {
    case 'reused':
      return { outcome: 'reused', sessionId, userId: decision.change.session.userId }
    case 'revoked':
      return { outcome: 'revoked', sessionId, reason: decision.reason }
    case 'rate_limited':
      return { outcome: 'rate_limited', retryAfterSeconds: decision.retryAfterSeconds }
    case 'invalid':
      return { outcome: 'invalid', mac: true }
    case 'expired':
    case 'unknown_session':
    case 'session_mismatch':
      return { outcome: decision.outcome }
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error('rotation failed', { cause: error })
}
