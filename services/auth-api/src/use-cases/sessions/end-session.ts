import type { TokenStore } from '@auto-refresh/contracts'
import type { RequestContext } from '../../ports/request-context.ts'
import type { Revocations } from '../../ports/revocations.ts'
import type { Log } from '../../ports/telemetry.ts'

export type EndSession = (request: {
  userId: string
  sessionId: string
  context: RequestContext
}) => Promise<{ outcome: 'ended' | 'not_found' }>
type EndSessionDeps = Readonly<{
  tokenStore: Pick<TokenStore, 'revokeSession'>
  revocations: Revocations
  log: Log
}>

/** Ends a session of this user. The session of another user is `not_found`. */
export function createEndSession({ tokenStore, revocations, log }: EndSessionDeps): EndSession {
  return async ({ userId, sessionId, context }) => {
    const { outcome } = await tokenStore.revokeSession({ sessionId, userId, reason: 'logout' })
    if (outcome === 'not_found') return { outcome }
    revocations.add(sessionId, { endedBefore: outcome === 'already_ended' })
    log.info(
      { event: 'logout', outcome, sessionId, userId, network: context.network },
      'Session revoked by its user',
    )
    return { outcome: 'ended' }
  }
}
