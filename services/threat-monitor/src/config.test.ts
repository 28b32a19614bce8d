import { expect, test } from 'vitest'
import { parseThreatMonitorConfig } from './config.ts'

const SECRET = `whsec_${Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)).toString('base64')}`

test('it needs no setting, and every pattern is watched', () => {
  const { thresholds, webhook, redisUrl } = parseThreatMonitorConfig({})
  expect(Object.values(thresholds)).not.toContain('off')
  expect([webhook, redisUrl]).toEqual([undefined, undefined])
})

test('a pattern can be turned off, and the webhook on', () => {
  const { thresholds, webhook } = parseThreatMonitorConfig({
    THREAT_SPRAYING: 'off',
    THREAT_REUSE: '2/30',
    SECURITY_WEBHOOK_URL: 'https://soc.example/hook',
    SECURITY_WEBHOOK_SECRET: SECRET,
  })
  expect([thresholds.spraying, thresholds.reuse]).toEqual(['off', { points: 2, seconds: 30 }])
  expect(webhook).toEqual({
    url: 'https://soc.example/hook',
    secret: Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)),
  })
})

test('every fault is named at once, without its value', () => {
  const parse = () =>
    parseThreatMonitorConfig({
      THREAT_SPRAYING: '5/3601',
      THREAT_STUFFING: '1001/60',
      SECURITY_WEBHOOK_SECRET: 'whsec_c2hvcnQ=',
      SECURITY_WEBHOOK_URL: 'ftp://x',
    })
  expect(parse).toThrow(/THREAT_SPRAYING has a window longer.*THREAT_STUFFING counts to more/s)
  expect(parse).toThrow(/SECURITY_WEBHOOK_SECRET must have 24 to 64 bytes/)
  expect(parse).not.toThrow(/c2hvcnQ/)
})

test('a webhook without its secret, with a malformed one, or the other way round, is a fault', () => {
  expect(() =>
    parseThreatMonitorConfig({
      SECURITY_WEBHOOK_URL: 'https://soc.example',
      SECURITY_WEBHOOK_SECRET: 'secret',
    }),
  ).toThrow(/SECURITY_WEBHOOK_SECRET is not whsec_ and base64/)
  expect(() => parseThreatMonitorConfig({ SECURITY_WEBHOOK_URL: 'https://soc.example' })).toThrow(
    /belong together/,
  )
  expect(() => parseThreatMonitorConfig({ SECURITY_WEBHOOK_SECRET: SECRET })).toThrow(
    /belong together/,
  )
})
