import { CodedError } from '@auto-refresh/contracts'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import type { GuardDecision, UserRequirement } from '../core/guard.ts'
import type { User } from '../core/user.ts'
import { guardScope } from './guard-scope.ts'
import { requireRole } from './require-role.ts'
import { sendRefusal } from './send-refusal.ts'
import { userOf } from './user-of.ts'

const ANN = { username: 'ann', role: 'user' } as User

/** Accepts the token `live`, refuses others, and knows anonymous requests. */
function createApp(ofScope?: UserRequirement | 'none') {
  const checked: (UserRequirement | undefined)[] = []
  const app = Fastify()
  guardScope(app, {
    async check({ headers }, requirement): Promise<GuardDecision> {
      checked.push(requirement)
      if (headers.authorization === 'Bearer live') return { outcome: 'accepted', user: ANN }
      return headers.authorization === undefined && requirement === 'optional'
        ? { outcome: 'anonymous' }
        : { outcome: 'refused', error: new CodedError('access_token_expired') }
    },
    refuse: sendRefusal,
    user: ofScope,
  })
  const statusOf = async (url: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const { statusCode, body } = await app.inject({ url, headers })
    return statusCode === 200 ? body : statusCode
  }
  return { app, checked, statusOf }
}

test('a route chooses whether it needs a user, and others follow their scope', async () => {
  const { app, checked, statusOf } = createApp('none')
  app.get('/scope', async (request) => String(userOf(request)?.username))
  app.get('/none', { config: { user: 'none' } }, async ({ user }) => String(user))
  app.get('/optional', { config: { user: 'optional' } }, async ({ user }) =>
    user === null ? 'nobody' : user.username,
  )
  app.get('/required', { config: { user: 'required' } }, async ({ user }) => user.username)
  expect(await statusOf('/scope', 'live')).toBe('undefined')
  expect(await statusOf('/none', 'expired')).toBe('null')
  expect(checked).toEqual([])
  expect(await statusOf('/optional')).toBe('nobody')
  expect(await statusOf('/optional', 'live')).toBe('ann')
  expect(await statusOf('/required', 'live')).toBe('ann')
  expect(await statusOf('/required')).toBe(401)
})

test('an expired token is never anonymous: the client refreshes and stays signed in', async () => {
  const { app, statusOf } = createApp('optional')
  app.get('/', async () => 'answered')
  expect(await statusOf('/', 'expired')).toBe(401)
  expect(await statusOf('/')).toBe('answered')
})

test('a scope needs a user unless it says otherwise, also for unknown paths', async () => {
  const { app, statusOf } = createApp()
  app.get('/', async () => 'answered')
  expect([await statusOf('/'), await statusOf('/nowhere')]).toEqual([401, 401])
  expect(await statusOf('/nowhere', 'live')).toBe(404)
})

test('a misspelt requirement fails the start', async () => {
  const misspelt = 'optinal' as 'optional'
  expect(() => createApp(misspelt)).toThrow(TypeError)
  const { app } = createApp()
  expect(() => app.get('/', { config: { user: misspelt } }, async () => '')).toThrow(TypeError)
})

test('an anonymous user has no role', async () => {
  const { app, statusOf } = createApp('optional')
  app.get('/', { preHandler: requireRole('user') }, async () => 'answered')
  expect([await statusOf('/'), await statusOf('/', 'live')]).toEqual([403, 'answered'])
})
