import type { ApiKey } from '@auto-refresh/contracts'
import type { RefreshCookieSettings } from '@auto-refresh/server/fastify'
import type { JSONWebKeySet } from 'jose'
import type { CheckAccessToken } from '../../ports/access-tokens.ts'
import type { Notice } from '../../ports/notices.ts'
import type { RevocationFeed } from '../../ports/revocations.ts'
import type { Clock, CreateId } from '../../ports/runtime.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { AutoRefresh } from '../../use-cases/refresh/auto-refresh.ts'
import type { ChangePassword } from '../../use-cases/passwords/change-password.ts'
import type { CreatePasswordToken } from '../../use-cases/passwords/create-password-token.ts'
import type { ResetPassword } from '../../use-cases/passwords/reset-password.ts'
import type { ChooseRefreshToken } from '../../use-cases/refresh/choose-refresh-token.ts'
import type { DismissNotice } from '../../use-cases/notices/dismiss-notice.ts'
import type { LimitRefused } from '../../use-cases/refresh/limit-refused.ts'
import type { ListDetections } from '../../use-cases/investigation/list-detections.ts'
import type { ReadTimeline } from '../../use-cases/investigation/read-timeline.ts'
import type { SessionAdministration } from '../../use-cases/sessions/session-administration.ts'
import type { CheckAdministrator } from '../../use-cases/users/check-administrator.ts'
import type { UserAdministration } from '../../use-cases/users/user-administration.ts'
import type { EndSession } from '../../use-cases/sessions/end-session.ts'
import type { ListSessions } from '../../use-cases/sessions/list-sessions.ts'
import type { PeekRefresh } from '../../use-cases/refresh/peek-refresh.ts'
import type { RefreshForProxy } from '../../use-cases/refresh/refresh-for-proxy.ts'
import type { Refresh } from '../../use-cases/refresh/refresh.ts'
import type { OpenExternalSession } from '../../use-cases/sign-in/open-external-session.ts'
import type { SignIn } from '../../use-cases/sign-in/sign-in.ts'
import type { SignOutEverywhere } from '../../use-cases/sessions/sign-out-everywhere.ts'
import type { SignOut } from '../../use-cases/sessions/sign-out.ts'
import type { GetTokenStatus } from '../../use-cases/sessions/get-token-status.ts'
import type { Introspect } from '../../use-cases/sessions/introspect.ts'
import type { ExchangeToken } from '../../use-cases/sign-in/exchange-token.ts'

export type UseCases = Readonly<{
  signIn: SignIn
  openExternalSession: OpenExternalSession
  /** Whether a sign-in from this block would be refused now, because too many wait. */
  isSignInShed: (block: string) => boolean
  refresh: Refresh
  autoRefresh: AutoRefresh
  peekRefresh: PeekRefresh
  refreshForProxy: RefreshForProxy
  chooseRefreshToken: ChooseRefreshToken
  signOut: SignOut
  signOutEverywhere: SignOutEverywhere
  getTokenStatus: GetTokenStatus
  listSessions: ListSessions
  endSession: EndSession
  introspect: Introspect
  /** absent: no issuer is trusted */
  exchangeToken?: ExchangeToken | undefined
  listNotices(request: { userId: string }): Promise<Notice[]>
  dismissNotice: DismissNotice
  changePassword: ChangePassword
  resetPassword: ResetPassword
  createPasswordToken: CreatePasswordToken
  checkAccessToken: CheckAccessToken
  jwks(): JSONWebKeySet
}>

/** What the administration API does. */
export type Administration = Readonly<{
  users: UserAdministration
  sessions: SessionAdministration
  checkAdministrator: CheckAdministrator
  /** Counts an unknown credential under a key. */
  limitRefused: LimitRefused
  readTimeline: ReadTimeline
  listDetections: ListDetections
}>

export type HttpSettings = Readonly<{
  issuer: string
  /** the claim `aud` of access tokens */
  audience: string
  dueThresholdSeconds: number
  /** may call from a browser with credentials, and count as proof for a cookie */
  allowedOrigins: readonly string[]
  /** addresses and blocks whose `X-Forwarded-*` headers are trusted */
  trustedProxies: readonly string[]
  cookie: RefreshCookieSettings
  /** keys of back ends and operators; without keys their calls are refused */
  apiKeys: readonly ApiKey[]
  /**
   * an installation for one machine. Pages of this machine may call without credentials, unless
   * origins are listed. An unknown `Host` name is refused (DNS rebinding).
   */
  standalone: boolean
  /** further host names that standalone accepts, in lower case */
  allowedHosts: readonly string[]
}>

type RequestLabels = { route: string; method: string; status_class: string }

export type HttpDeps = Readonly<{
  useCases: UseCases
  administration: Administration
  revocationFeed: RevocationFeed
  settings: HttpSettings
  clock: Clock
  createId: CreateId
  /** Returns 0 to below 1. Spreads `Retry-After`, so that clients do not all retry at once. */
  random: () => number
  log: Log
  metrics: {
    httpRequestDuration: {
      observe(labels: RequestLabels, seconds: number): void
      zero(labels: RequestLabels): void
    }
  }
  /** Writes the log lines of the middleware with `DEBUG_AUTO_REFRESH`. */
  debug?: ((fields: object, message: string) => void) | undefined
}>
