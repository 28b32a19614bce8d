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
const users: Pick<UserAdministration, 'add' | 'findByName' | 'setPassword' | 'checkPassword'> = {
  async add(user) {
    if (user.password === undefined || user.password.length < 8)
      return { outcome: 'refused', reason: 'too short' }
    if (password !== undefined) return { outcome: 'taken' }
    calls.push(`add ${user.username} ${user.role} demo=${user.demo}`)
    password = user.password
    return { outcome: 'added', user: admin() }
  },
  findByName: async () => (password === undefined ? undefined : admin()),
  async setPassword(id, given) {
    calls.push(`set-password ${id}`)
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

test('the user of the guide is created once', async () => {
  expect([await ensure('password'), await ensure('password')]).toEqual([
    'default password',
    'default password',
  ])
  expect(calls).toEqual(['add admin admin demo=true'])
})

test('without a password no user is created', async () => {
  expect([await ensure(undefined), calls]).toEqual(['none', []])
})

test('a given password replaces the previous one, and is not set again while unchanged, because a change ends sessions', async () => {
  await ensure('password')
  await ensure('correct horse battery')
  await ensure('correct horse battery')
  expect([password, calls]).toEqual([
    'correct horse battery',
    ['add admin admin demo=true', 'set-password x'],
  ])
  await ensure('another horse battery')
  expect([password, calls.length]).toEqual(['another horse battery', 3])
})

test('after a given password the default one is neither restored nor announced', async () => {
  await ensure('correct horse battery')
  expect([await ensure('password'), password]).toEqual(['own password', 'correct horse battery'])
})

test('a password that an operator has set is neither overwritten nor misreported', async () => {
  for (const given of ['password', 'correct horse battery']) {
    await ensure(given)
    password = 'set by hand'
    expect([await ensure(given), password]).toEqual(['own password', 'set by hand'])
  }
  expect(await ensure(undefined)).toBe('own password')
})

test('with access from other machines, an existing demo user is reported with its password refused', async () => {
  await ensure('password')
  expect(await ensure(undefined)).toBe('refused password')
  expect(calls).toEqual(['add admin admin demo=true'])
})

test('a disabled demo user is reported as disabled; a user created by an operator is no demo user', async () => {
  await ensure('password')
  change = { demo: false }
  expect([await ensure('password'), await ensure(undefined)]).toEqual([
    'own password',
    'own password',
  ])
  change = { active: false }
  expect([await ensure('password'), await ensure(undefined)]).toEqual(['disabled', 'disabled'])
})

test('the given password is not stored, and a too short one is a wrong setting', async () => {
  await ensure('correct horse battery')
  expect(await readFile(join(dataDir, 'demo-user'), 'utf8')).not.toContain('horse')
  await expect(ensure('short')).rejects.toThrow(ConfigError)
})
