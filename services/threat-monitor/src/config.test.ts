import { expect, test } from 'vitest'
import { parseThreatMonitorConfig } from './config.ts'

const SECRET = `whsec_${Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)).toString('base64')}`

test('without any setting it watches every pattern', () => {
  const { thresholds, webhook, redisUrl } = parseThreatMonitorConfig({})
  expect(Object.values(thresholds)).not.toContain('off')
  expect([webhook, redisUrl]).toEqual([undefined, undefined])
})

test('a pattern can be switched off, and the webhook on', () => {
  const { thresholds, webhook } = parseThreatMonitorConfig({
    THREAT_SPRAYING: 'off',
    THREAT_REFRESH_VELOCITY: '2/30',
    SECURITY_WEBHOOK_URL: 'https://soc.example/hook',
    SECURITY_WEBHOOK_SECRET: SECRET,
    CONSOLE_URL: 'https://admin.example',
  })
  expect([thresholds.spraying, thresholds.refresh_velocity]).toEqual([
    'off',
    { points: 2, seconds: 30 },
  ])
  expect(webhook).toEqual({
    url: 'https://soc.example/hook',
    secret: Buffer.from(Array.from({ length: 32 }, (_, i) => i + 7)),
    consoleUrl: 'https://admin.example',
  })
})

test('all faults are reported at once, without their values', () => {
  const parse = () =>
    parseThreatMonitorConfig({
      THREAT_SPRAYING: '5/3601',
      THREAT_STUFFING: '1001/60',
      SECURITY_WEBHOOK_SECRET: 'whsec_c2hvcnQ=',
      SECURITY_WEBHOOK_URL: 'ftp://x',
    })
  expect(parse).toThrow(/THREAT_SPRAYING must have a window.*THREAT_STUFFING must have a count/s)
  expect(parse).toThrow(/SECURITY_WEBHOOK_SECRET must be 24 to 64 bytes long/)
  expect(parse).not.toThrow(/c2hvcnQ/)
})

test('a webhook needs both its URL and a well-formed secret', () => {
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
