import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UserAdministration } from '@auto-refresh/auth-api'
import { ConfigError } from '@auto-refresh/service-kit/config'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureDemoUser } from './ensure-demo-user.ts'

let dataDir: string
let password: string | undefined
let change: { active?: boolean; demo?: boolean }
let calls: string[]

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'demo-'))
  password = undefined
  change = {}
  calls = []
})
afterEach(() => rm(dataDir, { recursive: true }))

const admin = () => ({
  id: 'x',
  username: 'admin',
  role: 'admin',
  active: true,
  demo: true,
  ...change,
})
const users: Pick<UserAdministration, 'add' | 'setPassword' | 'checkPassword'> = {
  async add(user) {
    if (user.password.length < 8) return { outcome: 'refused', reason: 'too short' }
    if (password !== undefined) return { outcome: 'taken' }
    calls.push(`add ${user.username} ${user.role} demo=${user.demo}`)
    password = user.password
    return { outcome: 'added', user: admin() }
  },
  async setPassword(name, given) {
    calls.push(`set-password ${name}`)
    password = given
    return { outcome: 'done' }
  },
  async checkPassword(_name, given) {
    return password === undefined
      ? { outcome: 'not_found' }
      : { outcome: password === given ? 'right' : 'wrong', user: admin() }
  },
}
const ensure = (demoPassword: string | undefined) =>
  ensureDemoUser({ users, config: { demoPassword, dataDir } })

test('the user of the guide is made once', async () => {
  expect([await ensure('password'), await ensure('password')]).toEqual([
    'default password',
    'default password',
  ])
  expect(calls).toEqual(['add admin admin demo=true'])
})

test('without a password there is none', async () => {
  expect([await ensure(undefined), calls]).toEqual(['none', []])
})

test('a given password replaces the one before, and is left alone while it stays the same, because a change ends sessions', async () => {
  await ensure('password')
  await ensure('correct horse battery')
  await ensure('correct horse battery')
  expect([password, calls]).toEqual([
    'correct horse battery',
    ['add admin admin demo=true', 'set-password admin'],
  ])
  await ensure('another horse battery')
  expect([password, calls.length]).toEqual(['another horse battery', 3])
})

test('once a password was given, the default one neither comes back nor is announced', async () => {
  await ensure('correct horse battery')
  expect([await ensure('password'), password]).toEqual(['own password', 'correct horse battery'])
})

test('a password that an operator has set since is neither undone nor contradicted', async () => {
  for (const given of ['password', 'correct horse battery']) {
    await ensure(given)
    password = 'set by hand'
    expect([await ensure(given), password]).toEqual(['own password', 'set by hand'])
  }
  expect(await ensure(undefined)).toBe('own password')
})

test('in the open, one that was made before is told of with its password refused', async () => {
  await ensure('password')
  expect(await ensure(undefined)).toBe('refused password')
  expect(calls).toEqual(['add admin admin demo=true'])
})

test('a disabled one is told of as such; one that an operator has made is no demo user', async () => {
  await ensure('password')
  change = { demo: false }
  expect([await ensure('password'), await ensure(undefined)]).toEqual([
    'own password',
    'own password',
  ])
  change = { active: false }
  expect([await ensure('password'), await ensure(undefined)]).toEqual(['disabled', 'disabled'])
})

test('the given password is kept nowhere, and one that is too short is a fault of the settings', async () => {
  await ensure('correct horse battery')
  expect(await readFile(join(dataDir, 'demo-user'), 'utf8')).not.toContain('horse')
  await expect(ensure('short')).rejects.toThrow(ConfigError)
})
