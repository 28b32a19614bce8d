import type { KnownBug } from './known-bug.ts'

const list = {
  workspace: 'services/auth-api',
  file: 'services/auth-api/src/adapters/memory/create-revocation-list.ts',
  project: 'unit',
  test: 'memory',
} as const

export const REVOCATION_FEED_BUGS: readonly KnownBug[] = [
  {
    workspace: 'packages/fastify-auto-refresh',
    file: 'packages/fastify-auto-refresh/src/access-token-verifier.ts',
    project: 'unit',
    test: 'access-token-verifier',
    name: 'a token of a leaked signing key passes',
    find: 'if (isRetiredKey(header.kid))',
    replace: 'if (isRetiredKey(header.kid) && header.kid === \'\')',
  },
  {
    ...list,
    name: 'a list that cannot be read whole silences new revocations',
    find: '    const sinceMs = heard.storeMs - OVERLAP_MS',
    replace: '    await readPage()\n    const sinceMs = heard.storeMs - OVERLAP_MS',
  },
  {
    ...list,
    name: 'a first reading that fails begins anew',
    find: 'page: toPage(whole?.after) })',
    replace: 'page: toPage(undefined) })',
  },
  {
    ...list,
    name: 'an ended session is forgotten after the life that tokens are given today',
    find: 'addedAtMs + LONGEST_LIFE_MS + CLOCK_MARGIN_MS',
    replace: 'addedAtMs + accessTtlSeconds * 1000 + CLOCK_MARGIN_MS',
  },
  {
    ...list,
    name: 'the tag of the revocation list does not cover how long',
    file: 'services/auth-api/src/adapters/memory/create-revocation-entries.ts',
    find: "`${sessionId} ${toldMs ?? 'own'}`",
    replace: "`${sessionId} ${toldMs === 0}`",
  },
  {
    workspace: 'services/token-store',
    file: 'services/token-store/src/adapters/postgres/read-revocations.ts',
    name: 'the pages of the revocation list end at sessions whose tokens are dead',
    find: 'found.length === PAGE_ROWS ?',
    replace: 'found.filter(({ alive }) => alive).length === PAGE_ROWS ?',
    project: 'int',
    test: 'revocations',
  },
  {
    workspace: 'services/auth-api',
    file: 'services/auth-api/src/use-cases/sign-in.ts',
    name: 'right passwords open sessions without limit',
    find: 'if (!room.allowed) {',
    replace: 'if (!room.allowed && false) {',
    project: 'unit',
    test: 'sign-in',
  },
  {
    workspace: 'packages/fastify-auto-refresh',
    file: 'packages/fastify-auto-refresh/src/check-claims.ts',
    name: 'an access token may live for years',
    find: ' || exp - iat > LONGEST_LIFE_SECONDS)',
    replace: ' || exp - iat > Infinity * LONGEST_LIFE_SECONDS)',
    project: 'unit',
    test: 'access-token-verifier',
  },
]
