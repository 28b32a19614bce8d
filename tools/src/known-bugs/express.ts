import type { KnownBug } from './known-bug.ts'

const holdHead = {
  workspace: 'packages/server',
  file: 'packages/server/src/express/hold-head.ts',
  project: 'unit',
  test: 'hold-head',
} as const

/** A refresh between the handler of Express and the head of its response. */
export const EXPRESS: readonly KnownBug[] = [
  {
    ...holdHead,
    name: 'an error response of an Express handler spends the refresh token',
    find: '/^HTTP\\/1\\.\\d 2\\d\\d /',
    replace: '/^HTTP\\/1\\.\\d /',
  },
  {
    ...holdHead,
    name: 'an Express handler that throws after its response loses it',
    find: 'if (error || !response.writableEnded || !socket.writable)',
    replace: 'if (destroy !== undefined)',
  },
  {
    ...holdHead,
    name: 'a stream is read into memory during a refresh',
    find: 'return message.outputSize < response.writableHighWaterMark',
    replace: 'return true',
  },
  {
    ...holdHead,
    name: 'a response leaves before its refresh when its turn on a pipelined connection comes',
    find: '  message._flush = () => {}\n  message._flushOutput = () => undefined\n',
    replace: '',
  },
  {
    ...holdHead,
    file: 'packages/server/src/express/auto-refresh.ts',
    name: "another middleware's user passes for one that the Express adapter has accepted",
    find: "setUser(request, decision.outcome === 'accepted' ? decision.user : null)",
    replace: "if (decision.outcome === 'accepted') setUser(request, decision.user)",
    test: 'express/auto-refresh',
  },
  {
    ...holdHead,
    file: 'packages/server/src/core/create-guard.ts',
    name: 'an expired token passes although the response cannot carry the new one',
    find: 'request.canCarryTokens !== false &&',
    replace: '',
    test: 'express/auto-refresh',
  },
]
