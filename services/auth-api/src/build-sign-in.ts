import { randomBytes } from 'node:crypto'
import type { TokenStore } from '@auto-refresh/contracts'
import { createDeviceProofs } from './adapters/crypto/create-device-proofs.ts'
import type { EventQueueDeps } from './adapters/events/create-event-queue.ts'
import { createLoginEvents } from './adapters/events/create-login-events.ts'
import { createFamiliarSignIns } from './adapters/memory/create-familiar-sign-ins.ts'
import type { Limits } from './build-limits.ts'
import { buildLoadFamiliarSignIns } from './build-load-familiar-sign-ins.ts'
import type { KnownUsers } from './ports/known-users.ts'
import type { LoginAudit } from './ports/login-records.ts'
import type { Passwords } from './ports/passwords.ts'
import type { Clock } from './ports/runtime.ts'
import type { HashUsername } from './ports/sign-in-limits.ts'
import type { Log, Metrics } from './ports/telemetry.ts'
import type { Users } from './ports/users.ts'
import type { SignPair } from './use-cases/refresh/sign-pair.ts'
import { createOpenExternalSession } from './use-cases/sign-in/open-external-session.ts'
import { createOpenSession } from './use-cases/sign-in/open-session.ts'
import { createRecordLogin } from './use-cases/sign-in/record-login.ts'
import { createSignIn } from './use-cases/sign-in/sign-in.ts'

/** Every request gets a response within 3 s: it may wait this long for its turn. */
const QUEUE_DEADLINE_MS = 2400

type BuildSignInDeps = Readonly<{
  tokenStore: TokenStore
  users: Users
  knownUsers: KnownUsers
  audit: LoginAudit
  passwords: Passwords
  hashUsername: HashUsername
  signPair: SignPair
  limits: Pick<Limits, 'throttle' | 'signInLimit'>
  events: EventQueueDeps
  metrics: Metrics
  clock: Clock
  elapsedMs: () => number
  log: Log
  accessTtlSeconds: number
  allowDemoPassword: boolean
}>

/** The ways to open a session, and the memory of familiar sign-ins that go first in a flood. */
export function buildSignIn({
  tokenStore,
  users,
  knownUsers,
  audit,
  passwords,
  hashUsername,
  signPair,
  limits,
  events,
  metrics,
  clock,
  elapsedMs,
  log,
  accessTtlSeconds,
  allowDemoPassword,
}: BuildSignInDeps) {
  const familiar = createFamiliarSignIns()
  const loginEvents = createLoginEvents(events)
  const recordLogin = createRecordLogin({ audit, events: loginEvents, metrics, log })
  const startDeadline = () => AbortSignal.timeout(QUEUE_DEADLINE_MS)
  const openSession = createOpenSession({
    signInLimit: limits.signInLimit,
    tokenStore,
    knownUsers,
    signPair,
    recordLogin,
    metrics,
    log,
    accessTtlSeconds,
  })
  return {
    signIn: createSignIn({
      allowDemoPassword,
      users,
      passwords,
      throttle: limits.throttle,
      familiar,
      deviceProofs: createDeviceProofs({ hashUsername, randomBytes, clock }),
      openSession,
      recordLogin,
      hashUsername,
      startDeadline,
      metrics,
      log,
    }),
    openExternalSession: createOpenExternalSession({
      users,
      openSession,
      hashUsername,
      clock,
      metrics,
      log,
    }),
    isSignInShed: (block: string) => passwords.isBusy() && !familiar.hasBlock(block),
    loadFamiliar: buildLoadFamiliarSignIns({ audit, familiar, elapsedMs, log }),
    flushLoginEvents: loginEvents.flush,
    /** what a change of a password shares with sign-ins */
    forPasswords: { recordLogin, events: loginEvents, startDeadline },
  }
}
