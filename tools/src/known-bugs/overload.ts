import type { KnownBug } from './known-bug.ts'

const limits = (file: string) =>
  ({
    workspace: 'services/auth-api',
    file: `services/auth-api/src/adapters/limits/${file}`,
    project: 'unit',
    test: 'limits',
  }) as const

export const OVERLOAD: readonly KnownBug[] = [
  {
    ...limits('create-login-throttle.ts'),
    name: 'all sign-ins of a process wait for their counters one by one',
    find: 'oneByOne(`address ${block}`',
    replace: 'oneByOne(`address`',
  },
  {
    ...limits('create-in-flight.ts'),
    name: 'an attempt that ends wakes all waiters of its address',
    find: 'room ? 1 : 0',
    replace: 'waiting.length',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/use-cases/refresh/refuse-refresh.ts',
    project: 'unit',
    test: 'refuse-refresh',
    name: 'a revoked token is refused without a limit',
    find: 'return isEnded && refused.sessionId !== undefined',
    replace: 'return !isEnded && refused.sessionId !== undefined',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/adapters/token-store/remember-ended.ts',
    project: 'unit',
    test: 'remember-ended',
    name: 'each revoked token costs a transaction',
    find: `if (answer.outcome === 'revoked') refusals.set`,
    replace: `if (answer.outcome !== 'revoked') refusals.set`,
  },
  {
    ...limits('create-login-throttle.ts'),
    name: 'a guesser on the same network locks a user out',
    find: 'if (fullLanes.length === 0) return hold([...held, ...lanes])',
    replace: 'if (lanes.length === 0) return hold(held)',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/adapters/crypto/create-bounded-queue.ts',
    project: 'unit',
    test: 'crypto',
    name: 'known users wait behind a flood of sign-ins',
    find: 'lanes.first.size > 0 ? lanes.first : lanes.other',
    replace: 'lanes.other.size > 0 ? lanes.other : lanes.first',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/use-cases/sign-in/sign-in.ts',
    project: 'unit',
    test: 'sign-in',
    name: 'a sign-in that will be refused does its work first',
    find: '!turn.first && passwords.isBusy()',
    replace: 'turn.first && passwords.isBusy()',
  },
  {
    ...limits('create-login-throttle.ts'),
    test: 'login-throttle-model',
    name: 'a sign-in waits for its deadline because another one was woken for nothing',
    find: 'if (wokenBy !== undefined && !used.includes(wokenBy))',
    replace: 'if (wokenBy !== undefined && used === undefined)',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/use-cases/refresh/refuse-refresh.ts',
    project: 'unit',
    test: 'refuse-refresh',
    name: 'a key that is missing here uses up the limit of everybody behind an address',
    find: 'limitRefused(`unknown_kid ${block}`)',
    replace: 'limitRefused(block)',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/use-cases/sessions/find-proven-session.ts',
    project: 'unit',
    test: 'sign-out',
    name: 'a sign-out whose key is missing here is refused as a forgery',
    find: `      case 'unknown_kid':
        throw new CodedError('unavailable')
      case 'invalid': {`,
    replace: `      case 'unknown_kid':
      case 'invalid': {`,
  },
  {
    workspace: 'services/token-store',
    file: 'services/token-store/src/adapters/crypto/create-refresh-tokens.ts',
    project: 'unit',
    test: 'refresh-tokens',
    name: 'a token of a newer version ends a session',
    find: `if (bytes[0] !== VERSION) return { outcome: 'unknown_kid' }`,
    replace: `if (bytes[0] !== VERSION) return { outcome: 'invalid' }`,
  },
  {
    workspace: 'services/token-store',
    file: 'services/token-store/src/adapters/telemetry/create-token-store-metrics.ts',
    project: 'unit',
    test: 'telemetry/create-token-store-metrics',
    name: 'invented tokens fill the disk with log lines',
    find: 'everyMs: 5000',
    replace: 'everyMs: 0',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/build-auth-core.ts',
    project: 'int',
    test: 'build-auth-core',
    name: 'a restart during a flood refuses users of known networks',
    find: 'await loadFamiliar()',
    replace: 'void loadFamiliar',
  },
]
