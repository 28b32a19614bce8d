import { CodedError } from '@auto-refresh/contracts'
import { expect, test, vi } from 'vitest'
import type { SubjectTokenCheck, UsedSubjectTokens } from '../../ports/subject-tokens.ts'
import { aLog, aTokenStore, clock, context, NOW_MS, SESSION_ID } from '../../testing/fakes.ts'
import type { LimitRefused } from '../refresh/limit-refused.ts'
import { createExchangeToken } from './exchange-token.ts'
import type { OpenExternalSession } from './open-external-session.ts'

const HASH = Buffer.from('hash')
const issuer = {
  issuer: 'https://idp.example',
  audiences: ['app'],
  usernameClaim: 'preferred_username',
}
const verified: SubjectTokenCheck = {
  outcome: 'verified',
  issuer,
  claims: { sub: '7', preferred_username: 'Ayu', auth_time: NOW_MS / 1000 - 60, amr: ['otp'] },
  hash: HASH,
  endsAtMs: NOW_MS + 600_000,
}
const pair = {
  accessToken: 'jwt',
  refreshToken: 'art_first',
  expiresInSeconds: 1800,
  sessionId: SESSION_ID,
  idleUntilMs: NOW_MS,
}

function setUp(check: SubjectTokenCheck = verified) {
  const tokenStore = aTokenStore()
  tokenStore.revokeSession.mockResolvedValue({ outcome: 'revoked' })
  const usedTokens = {
    claim: vi.fn<UsedSubjectTokens['claim']>(async () => 'claimed'),
    confirm: vi.fn<UsedSubjectTokens['confirm']>(async () => true),
    release: vi.fn<UsedSubjectTokens['release']>(async () => {}),
  }
  const openExternalSession = vi.fn<OpenExternalSession>(async () => ({ outcome: 'opened', pair }))
  const limitRefused = vi.fn<LimitRefused>(async () => undefined)
  const log = aLog()
  const exchangeToken = createExchangeToken({
    verifySubjectToken: async () => check,
    usedTokens,
    openExternalSession,
    tokenStore,
    limitRefused,
    clock,
    log,
  })
  const exchange = () => exchangeToken({ subjectToken: 'a.b.c', context })
  return { exchange, tokenStore, usedTokens, openExternalSession, limitRefused, log }
}

test('a verified token opens a session of the external user, with time and methods of the issuer', async () => {
  const { exchange, openExternalSession, usedTokens, limitRefused } = setUp()
  expect(await exchange()).toEqual({ outcome: 'opened', pair })
  expect(openExternalSession).toHaveBeenCalledExactlyOnceWith({
    user: { externalId: 'https://idp.example#7', username: 'Ayu' },
    protectedRoles: [],
    method: 'token_exchange',
    actor: { kind: 'system', name: 'https://idp.example' },
    amr: ['otp'],
    authenticatedAtMs: NOW_MS - 60_000,
    context,
  })
  expect(usedTokens.claim).toHaveBeenCalledWith(verified)
  expect(usedTokens.confirm).toHaveBeenCalledWith(HASH)
  expect(usedTokens.release).not.toHaveBeenCalled()
  // Refusals of others at the same address never refuse it.
  expect(limitRefused).not.toHaveBeenCalled()
})

test('a name that we do not display is left out', async () => {
  const claims = { sub: '7', preferred_username: 'a\u202eb' }
  const { exchange, openExternalSession } = setUp({ ...verified, claims })
  await exchange()
  expect(openExternalSession.mock.calls[0]?.[0].user).toEqual({
    externalId: 'https://idp.example#7',
  })
})

test('a refused token is limited by address and opens nothing', async () => {
  const refused = { outcome: 'refused', because: 'it has expired' } as const
  const { exchange, limitRefused, openExternalSession, log } = setUp({
    ...refused,
    authentic: true,
  })
  expect(await exchange()).toEqual(refused)
  expect(limitRefused).toHaveBeenCalledWith(`subject_token ${context.block}`)
  const limited = { outcome: 'rate_limited', retryAfterSeconds: 9 } as const
  limitRefused.mockResolvedValue(limited)
  expect(await exchange()).toEqual(limited)
  expect(openExternalSession).not.toHaveBeenCalled()
  expect(log.lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual([
    'info',
    'debug',
  ])
})

test('a used token is refused, and one in use is repeated later', async () => {
  const { exchange, usedTokens, openExternalSession } = setUp()
  usedTokens.claim.mockResolvedValueOnce('used').mockResolvedValueOnce('busy')
  expect(await exchange()).toEqual({ outcome: 'refused', because: 'it was used before' })
  expect(await exchange()).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 1 })
  expect(openExternalSession).not.toHaveBeenCalled()
  expect(usedTokens.release).not.toHaveBeenCalled()
})

test('after our own failure the token can be exchanged again', async () => {
  const { exchange, usedTokens, openExternalSession, tokenStore } = setUp()
  openExternalSession.mockRejectedValueOnce(new CodedError('unavailable'))
  await expect(exchange()).rejects.toMatchObject({ code: 'unavailable' })
  expect(usedTokens.release).toHaveBeenCalledExactlyOnceWith(HASH)
  expect(tokenStore.revokeSession).not.toHaveBeenCalled()
})

test('a session whose token could not be marked as used is revoked', async () => {
  const { exchange, usedTokens, tokenStore } = setUp()
  usedTokens.confirm.mockRejectedValueOnce(new CodedError('unavailable'))
  await expect(exchange()).rejects.toMatchObject({ code: 'unavailable' })
  usedTokens.confirm.mockResolvedValueOnce(false)
  expect(await exchange()).toEqual({ outcome: 'refused', because: 'it was used before' })
  expect(tokenStore.revokeSession.mock.calls).toEqual([
    [{ sessionId: SESSION_ID, reason: 'logout' }],
    [{ sessionId: SESSION_ID, reason: 'logout' }],
  ])
})

test('a failure to undo is logged, and the first error counts', async () => {
  const { exchange, usedTokens, openExternalSession, log } = setUp()
  openExternalSession.mockRejectedValueOnce(new CodedError('unavailable'))
  usedTokens.release.mockRejectedValueOnce(new Error('also down'))
  await expect(exchange()).rejects.toMatchObject({ code: 'unavailable' })
  expect(log.lines.join()).toContain('Undoing a failed token exchange failed')
})

test('a limit of the user gives the token back', async () => {
  const result = { outcome: 'rate_limited', retryAfterSeconds: 60 } as const
  const { exchange, usedTokens, openExternalSession } = setUp()
  openExternalSession.mockResolvedValueOnce(result)
  expect(await exchange()).toEqual(result)
  expect(usedTokens.release).toHaveBeenCalledWith(HASH)
})

test('a disabled user uses up the token, and is limited by address', async () => {
  const { exchange, usedTokens, openExternalSession, limitRefused } = setUp()
  openExternalSession.mockResolvedValue({ outcome: 'user_inactive' })
  expect(await exchange()).toEqual({ outcome: 'user_inactive' })
  expect(usedTokens.confirm).toHaveBeenCalledExactlyOnceWith(HASH)
  expect(usedTokens.release).not.toHaveBeenCalled()
  expect(limitRefused).toHaveBeenCalledExactlyOnceWith(`subject_token ${context.block}`)
  const limited = { outcome: 'rate_limited', retryAfterSeconds: 9 } as const
  limitRefused.mockResolvedValue(limited)
  expect(await exchange()).toEqual(limited)
})

test('an external id that we refuse is the fault of the token', async () => {
  const { exchange, openExternalSession } = setUp()
  openExternalSession.mockRejectedValueOnce(new CodedError('invalid_request'))
  expect(await exchange()).toEqual({
    outcome: 'refused',
    because: 'a claim is missing or not valid',
  })
})

test('an issuer that is unavailable is a 503, limited by address under a key of its own', async () => {
  const cause = new Error('down')
  const { exchange, limitRefused } = setUp({
    outcome: 'issuer_unavailable',
    issuer: issuer.issuer,
    cause,
  })
  await expect(exchange()).rejects.toMatchObject({ code: 'unavailable' })
  limitRefused.mockResolvedValue({ outcome: 'rate_limited', retryAfterSeconds: 60 })
  expect(await exchange()).toEqual({ outcome: 'rate_limited', retryAfterSeconds: 5 })
  expect(limitRefused).toHaveBeenCalledWith(`issuer_unavailable ${context.block}`)
})
