import { ADMINISTRATION } from './known-bugs/administration.ts'
import { ROTATION } from './known-bugs/rotation.ts'
import { CLOCKS_AND_KEYS } from './known-bugs/clocks-and-keys.ts'
import { REVOCATION_FEED } from './known-bugs/revocation-feed.ts'
import { OVERLOAD } from './known-bugs/overload.ts'
import { HTTP_AND_COOKIES } from './known-bugs/http-and-cookies.ts'
import { CLIENTS } from './known-bugs/clients.ts'
import { ENGINES } from './known-bugs/engines.ts'
import { INVESTIGATION } from './known-bugs/investigation.ts'
import { OPERATIONS } from './known-bugs/operations.ts'
import { PASSWORDS } from './known-bugs/passwords.ts'
import { DUE_TOKENS } from './known-bugs/due-tokens.ts'
import { EXPRESS } from './known-bugs/express.ts'
import { EXTERNAL_SESSIONS } from './known-bugs/external-sessions.ts'
import { OAUTH } from './known-bugs/oauth.ts'
import type { KnownBug } from './known-bugs/known-bug.ts'

const store = { workspace: 'services/token-store' } as const
const decision = {
  ...store,
  file: 'services/token-store/src/domain/decide-rotation.ts',
  project: 'unit',
} as const
const graceWindow = {
  ...decision,
  file: 'services/token-store/src/domain/grace-window.ts',
} as const
const client = (file: string, test: string) =>
  ({
    workspace: 'packages/client',
    file: `packages/client/src/${file}`,
    project: 'unit',
    test,
  }) as const

/**
 * Bugs that other products have shipped, seeded one at a time into our code while vitest loads it.
 * The named tests must fail with each of them: `npm run test:known-bugs`. No file on disk is
 * changed.
 */
export const KNOWN_BUGS: readonly KnownBug[] = [
  {
    ...store,
    name: 'the row is read and written without a lock (Keycloak CVE-2026-1035)',
    file: 'services/token-store/src/adapters/postgres/lock-sessions.ts',
    find: 'where id = any($1::uuid[]) order by id for update`',
    replace: 'where id = any($1::uuid[]) order by id`',
    project: 'int',
    test: 'rotation',
  },
  {
    ...decision,
    name: 'order is decided by time (Keycloak #50999)',
    find: 'presented.generation >= session.generation)',
    replace: 'clock.nowMs >= session.rotatedAtMs + 1000)',
    test: 'decide-rotation',
  },
  {
    ...decision,
    name: 'a replay extends the window',
    find: '    replayPoints: bucket.points,\n',
    replace: '    replayPoints: bucket.points,\n    rotatedAtMs: nowMs,\n',
    test: 'decide-rotation',
  },
  {
    ...store,
    name: 'a replay mints a new token (Hydra, Logto)',
    file: 'services/token-store/src/use-cases/rotate.ts',
    find: 'generation: session.generation,',
    replace: `generation: session.generation + (decision.outcome === 'replayed' ? 1 : 0),`,
    project: 'int',
    test: 'rotation',
  },
  {
    ...graceWindow,
    name: 'a late duplicate is an alarm',
    find: 'graceMs > 0 && generation > floor',
    replace: 'graceMs > 0 && generation === session.generation - 1',
    test: 'rotation-history',
  },
  {
    ...decision,
    name: 'the previous token is valid for ever (Supabase #1901)',
    find: 'presented.attemptHash !== null &&\n    presented.attemptHash === session.attemptHash',
    replace: 'true',
    test: 'rotation-history',
  },
  {
    ...graceWindow,
    name: 'a quick reuse is not detected',
    find: 'generation > floor &&',
    replace: 'generation >= 0 &&',
    test: 'rotation-history',
  },
  {
    ...graceWindow,
    name: 'the floor overtakes an honest client',
    find: 'markGeneration: session.generation - 1,',
    replace: 'markGeneration: session.generation,',
    test: 'rotation-history',
  },
  {
    ...decision,
    name: 'a revoked session is replayed within the window (Supabase #52614)',
    find: `if (session.revokeReason !== null)`,
    replace: `if (session.revokeReason !== null && clock.uptimeSinceMs(session.rotatedAtMs) > policy.graceMs)`,
    test: 'rotation-history',
  },
  {
    ...decision,
    name: 'a rotation extends the absolute end',
    find: '    idleUntilMs: Math.min(nowMs + policy.refreshTtlMs, session.expiresAtMs),',
    replace: '    idleUntilMs: nowMs + policy.refreshTtlMs,',
    test: 'decide-rotation',
  },
  {
    ...store,
    name: 'downtime counts as age',
    file: 'services/token-store/src/domain/uptime.ts',
    find: 'nowMs - fromMs - Math.min(downMs, mostForgivenMs)',
    replace: 'nowMs - fromMs - Math.min(downMs, 0)',
    project: 'int',
    test: 'outage',
  },
  {
    ...store,
    name: 'a revocation is answered and not committed (Yuzu #4283)',
    file: 'services/token-store/src/adapters/postgres/in-two-round-trips.ts',
    find: `client.query('commit')]),\n    )\n    if (command !== 'COMMIT')`,
    replace: `client.query('rollback')]),\n    )\n    if (command === 'COMMIT')`,
    project: 'int',
    test: 'rotation',
  },
  {
    ...store,
    name: 'an internal error is answered as a refusal (schibsted #481)',
    file: 'services/token-store/src/use-cases/token-store.ts',
    find: 'await write(rotate(request))',
    replace: `await write(rotate(request)).catch(() => ({ outcome: 'invalid' as const, mac: true }))`,
    project: 'int',
    test: 'outage',
  },
  {
    ...store,
    name: 'the outbox is read by a cursor, which loses late commits',
    file: 'services/token-store/src/adapters/postgres/create-postgres-outbox.ts',
    find: 'where w.lane = mine.lane',
    replace: 'where w.lane = mine.lane and w.id > (select max(id) from token_store.outbox) - 1',
    project: 'int',
    test: 'rotation',
  },
  {
    ...store,
    name: 'a paused relay publishes what another has published (lease not checked)',
    file: 'services/token-store/src/use-cases/outbox-relay.ts',
    find: 'deps.nowMs() - leasedAtMs > LEASE_MS / 2',
    replace: 'false',
    project: 'unit',
    test: 'outbox-relay',
  },
  {
    ...store,
    name: 'a sign-in that began before a revocation outlives it (goiabada #106)',
    file: 'services/token-store/src/adapters/postgres/user-versions.ts',
    find: 'user_id = $1::uuid for share',
    replace: 'user_id = $1::uuid',
    project: 'int',
    test: 'rotation',
  },
  {
    ...store,
    name: 'the MAC is not checked',
    file: 'services/token-store/src/adapters/crypto/create-refresh-tokens.ts',
    find: 'if (!timingSafeEqual(',
    replace: 'if (false && !timingSafeEqual(',
    project: 'unit',
    test: 'refresh-tokens',
  },
  {
    ...client('auth-error.ts', 'refresher'),
    name: 'a client treats 429 as a logout (amplify #14534)',
    find: 'user_inactive)$/',
    replace: 'user_inactive|rate_limited)$/',
  },
  {
    ...client('create-renewal.ts', 'renewal'),
    name: 'the timer of a client overflows into a hot loop (keycloak-js #107)',
    find: 'Math.min(ms, MAX_DELAY_MS)',
    replace: 'ms',
  },
  {
    ...client('create-refresher.ts', 'refresher'),
    name: `a lost race wipes the winner's pair (supabase #441)`,
    find: 'REREAD_DELAYS_MS = [0, 100, 400]',
    replace: 'REREAD_DELAYS_MS: number[] = []',
  },
  {
    ...client('create-refresher.ts', 'refresher'),
    name: 'each retry of a client has its own idempotency key',
    find: '(cookieState ? cookieState.read() : session?.attemptKey) ?? spareKey',
    replace: 'String(Math.random())',
  },
  {
    ...client('session-store.ts', 'refresher'),
    name: 'a late answer undoes a sign-out',
    find: 'if (epoch !== sentEpoch || !follows) return',
    replace: 'if (follows === undefined) return',
  },
  {
    ...client('request-auth.ts', 'send'),
    name: 'a late 401 of an older token refreshes again (axios-auth-refresh)',
    find: 'if (store.current?.accessToken === accessToken) {',
    replace: 'if (store.current !== undefined) {',
  },
  {
    ...client('token-manager.ts', 'send'),
    name: 'a client sends its token to any origin (badgateway)',
    find: 'return origin !== undefined && (',
    replace: 'return origin !== undefined || (',
  },
  {
    ...client('create-lifetime.ts', 'renewal'),
    name: 'a token that is due on arrival is refreshed for ever',
    find: 'Math.min(thresholdMs, lifetimeMs / 2)',
    replace: 'thresholdMs',
  },
  ...ROTATION,
  ...CLOCKS_AND_KEYS,
  ...REVOCATION_FEED,
  ...PASSWORDS,
  ...OVERLOAD,
  ...HTTP_AND_COOKIES,
  ...CLIENTS,
  ...ENGINES,
  ...ADMINISTRATION,
  ...INVESTIGATION,
  ...OPERATIONS,
  ...DUE_TOKENS,
  ...EXPRESS,
  ...EXTERNAL_SESSIONS,
  ...OAUTH,
]
