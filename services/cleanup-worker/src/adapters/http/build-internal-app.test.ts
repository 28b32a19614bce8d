import { CodedError, type AuditTrailReader } from '@auto-refresh/contracts'
import { expect, test } from 'vitest'
import { buildInternalApp } from './build-internal-app.ts'

const KEY = 'k'.repeat(32)
const USER = '0199e000-0000-7000-8000-00000000000a'
const seen: object[] = []
const auditTrail: AuditTrailReader = {
  async timeline(request) {
    seen.push(request)
    if (request.window.order === 'newest') throw new CodedError('unavailable')
    return { entries: [{ type: 'expired', at: '2026-11-23T12:00:00.000Z', reason: 'idle' }] }
  },
  async detections(request) {
    seen.push(request)
    return { detections: [] }
  },
}
const failures: unknown[] = []
const app = buildInternalApp({
  auditTrail,
  apiKeys: [KEY],
  onError: (error) => failures.push(error),
})
const post = (verb: string, payload: object, key = KEY) =>
  app.inject({
    method: 'POST',
    url: `/internal/v1/${verb}`,
    payload,
    headers: { authorization: `Bearer ${key}` },
  })
const timeline = { subject: { userId: USER }, window: { order: 'oldest' } }

test('a call with the key reads the trail', async () => {
  const answer = await post('timeline', timeline)
  expect([answer.statusCode, answer.json()]).toEqual([
    200,
    { entries: [{ type: 'expired', at: '2026-11-23T12:00:00.000Z', reason: 'idle' }] },
  ])
  expect((await post('detections', { type: 'spraying' })).json()).toEqual({ detections: [] })
})

test('a call without the key is refused and reads nothing', async () => {
  const before = seen.length
  expect((await post('timeline', timeline, 'x'.repeat(32))).statusCode).toBe(403)
  expect((await post('detections', {}, '')).statusCode).toBe(403)
  expect(seen).toHaveLength(before)
})

test.each([
  ['timeline', {}],
  ['timeline', { ...timeline, subject: {} }],
  ['timeline', { ...timeline, subject: { userId: USER, sessionId: USER } }],
  ['timeline', { ...timeline, subject: { userId: 'x' } }],
  ['timeline', { ...timeline, window: { order: 'random' } }],
  ['timeline', { ...timeline, window: { order: 'oldest', from: '2026-11-23' } }],
  ['timeline', { ...timeline, more: 1 }],
  ['detections', { type: 'unknown' }],
  ['detections', { before: { at: '2026-11-23T12:00:00.000000Z' } }],
  ['detections', { since: "'; drop table users; --" }],
])('a wrong call of %s is rejected before any read: %j', async (verb, payload) => {
  const before = seen.length
  const answer = await post(verb, payload)
  expect([answer.statusCode, answer.json()]).toMatchObject([
    400,
    { error: { code: 'invalid_request' } },
  ])
  expect(seen).toHaveLength(before)
})

test('a failure is a retryable 503', async () => {
  const answer = await post('timeline', { ...timeline, window: { order: 'newest' } })
  expect([answer.statusCode, answer.json().error]).toMatchObject([
    503,
    { code: 'unavailable', retryable: true },
  ])
  expect(failures).toHaveLength(1)
})
