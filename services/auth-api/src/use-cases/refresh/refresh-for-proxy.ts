import type { StoredSession, TokenStore } from '@auto-refresh/contracts'
import { checkSessionUser } from '../../domain/check-session-user.ts'
import type { KnownUsers, UserState } from '../../ports/known-users.ts'
import type { IsDue } from '../../ports/refresh.ts'
import {
  toRotateRequest,
  type Refresh,
  type RefreshRequest,
  type RefreshResult,
} from './refresh.ts'

type ProxyRefreshRequest = Omit<RefreshRequest, 'operation' | 'idempotencyKey'> &
  Readonly<{
    /** the only role that may pass; others are refused before anything changes */
    role?: string | undefined
    /** false: the response has no cookies that a browser keeps, so nothing is rotated */
    mayRotate: boolean
  }>

/** The user of a session, as an access token would name it. */
export type Identity = Readonly<{ sub: string; username: string; role: string; sid: string }>

export type ProxyRefreshResult =
  { outcome: 'identified'; user: Identity } | { outcome: 'forbidden' } | RefreshResult

export type RefreshForProxy = (request: ProxyRefreshRequest) => Promise<ProxyRefreshResult>

type RefreshForProxyDeps = Readonly<{
  refresh: Refresh
  tokenStore: Pick<TokenStore, 'peek'>
  knownUsers: Pick<KnownUsers, 'find'>
  isDue: IsDue
  accessTtlSeconds: number
}>

/**
 * Browsers drop a cookie of more than 4096 bytes. With this much of its own in it, an access token
 * may be that long.
 */
const LONG_BYTES = 1500

/**
 * Refreshes by a cookie, for a proxy that asks about one request of a page. Requests with the same
 * token at the same time share one refresh: a page has a hundred, and a session has a limit of
 * replays. A user whose access token may not fit in a cookie is only identified until a refresh is
 * due, because otherwise each request would be a rotation. Throws `CodedError('unavailable')`.
 */
export function createRefreshForProxy({
  refresh,
  tokenStore,
  knownUsers,
  isDue,
  accessTtlSeconds,
}: RefreshForProxyDeps): RefreshForProxy {
  const running = new Map<string, Promise<ProxyRefreshResult>>()

  return (request) => {
    const { refreshToken, expectedSessionId, role, mayRotate, context } = request
    const { block, agent } = context
    const key = JSON.stringify([refreshToken, expectedSessionId, role, mayRotate, block, agent])
    const shared = running.get(key) ?? run(request).finally(() => running.delete(key))
    running.set(key, shared)
    return shared
  }

  async function run({
    role,
    mayRotate,
    ...request
  }: ProxyRefreshRequest): Promise<ProxyRefreshResult> {
    const peeked = await tokenStore.peek(toRotateRequest(request, accessTtlSeconds))
    if ('session' in peeked) {
      const { session } = peeked
      const known = checkSessionUser(await knownUsers.find(session.userId), session)
      if (known.outcome === 'active') {
        const { user } = known
        if (role !== undefined && role !== user.role) return { outcome: 'forbidden' }
        if (
          !mayRotate ||
          (peeked.outcome === 'rotated' && isLong(user, session) && !isOld(session))
        )
          return { outcome: 'identified', user: toIdentity(user, session) }
      }
    }
    // It applies the limits to a refusal, reports it, and ends the session of a reused token.
    return refresh({ ...request, operation: 'verify' })
  }

  /** Whether the access token of the last rotation would be due. */
  function isOld({ rotatedAtMs, expiresAtMs }: StoredSession): boolean {
    const sessionExp = Math.floor(expiresAtMs / 1000)
    const exp = Math.min(Math.floor(rotatedAtMs / 1000) + accessTtlSeconds, sessionExp)
    return isDue({ exp, session_exp: sessionExp })
  }
}

const isLong = ({ username, claims }: UserState, { amr }: StoredSession) =>
  Buffer.byteLength(JSON.stringify({ username, claims, amr })) > LONG_BYTES

const toIdentity = ({ id, username, role }: UserState, session: StoredSession): Identity => ({
  sub: id,
  username,
  role,
  sid: session.id,
})
