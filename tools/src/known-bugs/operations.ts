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
  {
    name: 'a packet of pipelined requests is answered whole',
    file: 'packages/telemetry/src/bound-connections.ts',
    find: 'if (use.unanswered > mostUnanswered) socket.destroy()',
    replace: '',
    workspace: 'packages/telemetry',
    project: 'unit',
    test: 'bound-connections',
  },
  {
    name: 'answers that nobody reads are kept',
    file: 'packages/telemetry/src/bound-connections.ts',
    find: 'nowMs - use.unread.sinceMs >= longestUnreadMs',
    replace: 'nowMs < use.unread.sinceMs',
    workspace: 'packages/telemetry',
    project: 'unit',
    test: 'bound-connections',
  },
]
