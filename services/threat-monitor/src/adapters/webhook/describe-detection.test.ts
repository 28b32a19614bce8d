import { PATTERNS } from '@auto-refresh/contracts'
import { describe, expect, test } from 'vitest'
import { describeDetection } from './describe-detection.ts'

const SESSION = '0199e000-0000-7000-8000-0000000000f1'
const USER = '0199e000-0000-7000-8000-00000000000a'
const at = '2026-11-23T12:00:00.000Z'
const counted = {
  count: 7,
  threshold: 1,
  window_seconds: 60,
  first_at: at,
  last_at: at,
  last_event_id: SESSION,
}
const rotated = { network: '192.0.2.0/24', agent: 'Mozilla/5.0 (X11)', at, generation: 8 }
const presented = { network: '198.51.100.0/24', agent: 'curl/8.5.0', at, generation: 3 }

test('a reuse names the session, the user and both sides, and links to the session', () => {
  const data = { pattern: 'reuse', session_id: SESSION, user_id: USER, rotated, presented } as const
  expect(describeDetection({ ...counted, ...data }, 'https://admin.example/x/')).toEqual({
    severity: 'high',
    link: `https://admin.example/x/sessions/${SESSION}`,
    text: [
      `[high] A superseded refresh token was used: session ${SESSION} of user ${USER} has ended, two clients hold its tokens`,
      `Last rotation: generation 8 from 192.0.2.0/24, "Mozilla/5.0 (X11)", at ${at}`,
      `Superseded token: generation 3 from 198.51.100.0/24, "curl/8.5.0", at ${at}`,
      `https://admin.example/x/sessions/${SESSION}`,
    ].join('\n'),
  })
})

test('the link is to the user without a session, and absent without CONSOLE_URL or a subject', () => {
  const burst = { ...counted, pattern: 'session_burst', user_id: USER } as const
  expect(describeDetection(burst, 'https://a.example').link).toBe(`https://a.example/users/${USER}`)
  expect(describeDetection(burst, undefined)).not.toHaveProperty('link')
  const spraying = { ...counted, pattern: 'spraying', network: '192.0.2.0/24' } as const
  expect(describeDetection(spraying, 'https://a.example')).toEqual({
    severity: 'medium',
    text: '[medium] Sign-ins under 7 names failed within 60 s from 192.0.2.0/24',
  })
})

test('the user agent of a thief becomes no link, no mention and no format', () => {
  const agent = '<https://evil.example|click> <!channel> @here *x* `y` [z](http://evil.example)\n'
  const { text } = describeDetection(
    { ...counted, pattern: 'reuse', rotated, presented: { ...presented, agent } },
    undefined,
  )
  expect(text.split('\n')).toHaveLength(3)
  expect(text.split('\n')[2]).not.toMatch(/[<>|@*`[\]!]|\/\//)
})

test('a name of a host in a user agent becomes no link, and versions stay readable', () => {
  const agent = 'Mozilla/5.0 www.evil.example/login a.//EXAMPLE e.<vil.example'
  const { text } = describeDetection(
    { ...counted, pattern: 'reuse', rotated, presented: { ...presented, agent } },
    undefined,
  )
  expect(text).toContain('"Mozilla/5.0 www·evil·example/login a·EXAMPLE e·vil·example"')
})

describe('every pattern has a summary', () => {
  test.each(PATTERNS)('%s', (pattern) => {
    const { text } = describeDetection({ ...counted, pattern }, undefined)
    expect(text).toMatch(/^\[(high|medium|low)\] [A-Z0-9].+$/)
    expect(text).not.toContain('undefined')
  })
})
