import type { KnownBug } from './known-bug.ts'

const limits = (file: string) =>
  ({
    workspace: 'services/auth-api',
    file: `services/auth-api/src/adapters/limits/${file}`,
    project: 'unit',
    test: 'limits',
  }) as const

export const OVERLOAD_BUGS: readonly KnownBug[] = [
  {
    ...limits('create-one-by-one.ts'),
    name: 'all sign-ins of a process wait for one counter after the other',
    find: '(key: string, work: () => Promise<T>): Promise<T> => {',
    replace: `(_: string, work: () => Promise<T>): Promise<T> => { const key = ''`,
  },
  {
    ...limits('create-in-flight.ts'),
    name: 'an attempt that ends wakes all that wait for its address',
    find: ': Number(madeRoom)',
    replace: ': entry.waiting.length',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/use-cases/refuse-refresh.ts',
    project: 'unit',
    test: 'refuse-refresh',
    name: 'a dead token is refused without any limit',
    find: 'return isEnded && refused.sessionId !== undefined ?',
    replace: 'return !isEnded && refused.sessionId !== undefined ?',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/adapters/token-store/remember-ended.ts',
    project: 'unit',
    test: 'remember-ended',
    name: 'each dead token costs a transaction',
    find: `if (answer.outcome === 'revoked') refusals.set`,
    replace: `if (answer.outcome !== 'revoked') refusals.set`,
  },
]
