import type { RefreshCookieSettings } from '@auto-refresh/server/fastify'
import type { JSONWebKeySet } from 'jose'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { Notice } from '../../ports/notices.ts'
import type { RevocationFeed } from '../../ports/revocations.ts'
import type { Clock, CreateId } from '../../ports/runtime.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { AutoRefresh } from '../../use-cases/refresh/auto-refresh.ts'
import type { ChooseRefreshToken } from '../../use-cases/refresh/choose-refresh-token.ts'
import type { DismissNotice } from '../../use-cases/notices/dismiss-notice.ts'
import type { EndSession } from '../../use-cases/sessions/end-session.ts'
import type { ListSessions } from '../../use-cases/sessions/list-sessions.ts'
import type { PeekRefresh } from '../../use-cases/refresh/peek-refresh.ts'
import type { Refresh } from '../../use-cases/refresh/refresh.ts'
import type { SignIn } from '../../use-cases/sign-in/sign-in.ts'
import type { SignOutEverywhere } from '../../use-cases/sessions/sign-out-everywhere.ts'
import type { SignOut } from '../../use-cases/sessions/sign-out.ts'
import type { GetTokenStatus } from '../../use-cases/sessions/get-token-status.ts'

export type UseCases = Readonly<{
  signIn: SignIn
  /** whether a sign-in from there would be refused for want of time, whoever it is */
  isSignInShed: (block: string) => boolean
  refresh: Refresh
  autoRefresh: AutoRefresh
  peekRefresh: PeekRefresh
  chooseRefreshToken: ChooseRefreshToken
  signOut: SignOut
  signOutEverywhere: SignOutEverywhere
  getTokenStatus: GetTokenStatus
  listSessions: ListSessions
  endSession: EndSession
  listNotices(request: { userId: string }): Promise<Notice[]>
  dismissNotice: DismissNotice
  checkAccessToken: CheckAccessToken
  jwks(): JSONWebKeySet
}>

export type HttpSettings = Readonly<{
  issuer: string
  dueThresholdSeconds: number
  /** these may call from a browser, with credentials, and prove a cookie */
  allowedOrigins: readonly string[]
  /** addresses and blocks whose `X-Forwarded-...` headers count */
  trustedProxies: readonly string[]
  cookie: RefreshCookieSettings
  /**
   * with these, back ends read the revocations, and renew on behalf of their users; where there are
   * none, nobody does
   */
  backEndKeys: Readonly<{ feed: readonly string[]; renewal: readonly string[] }>
  /**
   * One machine's own installation: pages served by it may call, without credentials, unless
   * origins are listed; and a `Host` that is neither an address nor known is refused, for it comes
   * from a page that has bent its name to us (DNS rebinding).
   */
  standalone: boolean
  /** further host names that standalone takes, in lower case */
  allowedHosts: readonly string[]
}>

type RequestLabels = { route: string; method: string; status_class: string }

export type HttpDeps = Readonly<{
  useCases: UseCases
  revocationFeed: RevocationFeed
  settings: HttpSettings
  clock: Clock
  createId: CreateId
  /** from 0 to below 1: spreads `Retry-After`, so that clients do not come back all at once */
  random: () => number
  log: Log
  metrics: {
    httpRequestDuration: {
      observe(labels: RequestLabels, seconds: number): void
      zero(labels: RequestLabels): void
    }
  }
  /** the lines of the middleware, under `DEBUG_AUTO_REFRESH` */
  debug?: ((fields: object, message: string) => void) | undefined
}>
