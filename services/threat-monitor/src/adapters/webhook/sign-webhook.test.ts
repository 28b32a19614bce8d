import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { signWebhook } from './sign-webhook.ts'

const secret = randomBytes(32)
const signed = (nowMs = Date.now()) =>
  signWebhook({ id: 'id', body: '{"type":"x"}', secret, nowMs })
const receiver = new Webhook(`whsec_${secret.toString('base64')}`)

test('a receiver that follows Standard Webhooks accepts the signature', () => {
  expect(receiver.verify('{"type":"x"}', signed())).toEqual({ type: 'x' })
})

test.each([
  ['a changed body', 'No matching signature', '{"type":"y"}', signed()],
  ['another id', 'No matching signature', '{"type":"x"}', { ...signed(), 'webhook-id': 'other' }],
  ['an old one', 'timestamp too old', '{"type":"x"}', signed(Date.now() - 3_600_000)],
])('it refuses %s', (_, why, body, headers) => {
  expect(() => receiver.verify(body, headers)).toThrow(why)
})
