import { expect, test } from 'vitest'
import { toBanner } from './to-banner.ts'

const places = {
  url: 'http://127.0.0.1:8000',
  adminUrl: 'http://127.0.0.1:9101',
  data: '/srv/data',
  playground: true,
}

test('it says where everything is, and with what to sign in', () => {
  const banner = toBanner({ ...places, demoUser: 'default password' })
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

test('without the default user it says how to get one', () => {
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

test('it leads nobody to a page that is not there', () => {
  expect(toBanner({ ...places, demoUser: 'none', playground: false })).not.toContain('Try it')
})
