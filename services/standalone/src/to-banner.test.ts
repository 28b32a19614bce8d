import { expect, test } from 'vitest'
import { toBanner } from './to-banner.ts'

const places = {
  version: '1.2.3',
  url: 'http://127.0.0.1:8000',
  adminUrl: 'http://127.0.0.1:9101',
  data: '/srv/data',
  playground: true,
}

test('the banner shows all addresses and how to sign in', () => {
  const banner = toBanner({ ...places, demoUser: 'default password' })
  expect(banner.trim().split('\n')[0]).toBe('Auto Refresh Token 1.2.3 is ready')
  for (const part of [
    'Try it   http://127.0.0.1:8000/\n',
    'http://127.0.0.1:8000\n',
    'http://127.0.0.1:8000/docs',
    'http://127.0.0.1:9101/metrics',
    'admin / password',
    '/srv/data',
    'Ctrl-C',
  ])
    expect(banner).toContain(part)
})

test('without the demo user the banner says how to add a user', () => {
  expect(toBanner({ ...places, demoUser: 'none' })).toContain('npm run user -- add')
  for (const demoUser of [
    'given password',
    'own password',
    'refused password',
    'disabled',
  ] as const) {
    expect(toBanner({ ...places, demoUser })).toContain('admin')
    expect(toBanner({ ...places, demoUser })).not.toMatch(/admin \/ password|no demo user/)
  }
})

test('without the playground the banner does not mention it', () => {
  expect(toBanner({ ...places, demoUser: 'none', playground: false })).not.toContain('Try it')
})
