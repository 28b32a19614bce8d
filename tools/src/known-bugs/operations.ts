import type { KnownBug } from './known-bug.ts'

export const OPERATIONS_BUGS: readonly KnownBug[] = [
  {
    name: 'the demo password works behind an nginx of one line',
    file: 'services/auth-api/src/adapters/http/is-straight-from-loopback.ts',
    find: `    raw.httpVersion !== '1.0' &&\n`,
    replace: '',
    workspace: 'services/auth-api',
    project: 'unit',
    test: 'request-context',
  },
  {
    name: 'settings for others leave the demo password open',
    file: 'services/standalone/src/config.ts',
    find: 'forOthers.length > 0',
    replace: `forOthers.includes('HOST')`,
    workspace: 'services/standalone',
    project: 'unit',
    test: 'config',
  },
]
