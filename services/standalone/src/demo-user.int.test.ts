import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UserAdministration } from '@auto-refresh/auth-api'
import { ConfigError } from '@auto-refresh/config'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureDemoUser } from './demo-user.ts'

let dataDir: string
let password: string | undefined
let calls: string[]

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'demo-'))
  password = undefined
  calls = []
})
afterEach(() => rm(dataDir, { recursive: true }))

const users: Pick<UserAdministration, 'add' | 'setPassword'> = {
  async add(user) {
    if (user.password.length < 8) return { outcome: 'refused', reason: 'too short' }
    if (password !== undefined) return { outcome: 'taken' }
    calls.push(`add ${user.username} ${user.role} demo=${user.demo}`)
    password = user.password
    return { outcome: 'added', user: { id: 'x', username: user.username, role: 'admin', active: true, demo: true } }
  },
  async setPassword(name, given) {
    calls.push(`set-password ${name}`)
    password = given
    return { outcome: 'done' }
  },
}
const ensure = (demoPassword: string | undefined) => ensureDemoUser({ users, config: { demoPassword, dataDir } })

test('the user of the guide is made once', async () => {
  expect([await ensure('password'), await ensure('password')]).toEqual(['default password', 'default password'])
  expect(calls).toEqual(['add admin admin demo=true'])
})

test('without a password there is none', async () => {
  expect([await ensure(undefined), calls]).toEqual(['none', []])
})

test('a given password replaces the one before, and is left alone while it stays the same, because a change ends sessions', async () => {
  await ensure('password')
  await ensure('correct horse')
  await ensure('correct horse')
  expect([password, calls]).toEqual(['correct horse', ['add admin admin demo=true', 'set-password admin']])
  await ensure('battery staple')
  expect([password, calls.length]).toEqual(['battery staple', 3])
})

test('once a password was given, the default one neither comes back nor is announced', async () => {
  await ensure('correct horse')
  expect([await ensure('password'), password]).toEqual(['given password', 'correct horse'])
})

test('the given password is kept nowhere, and one that is too short is a fault of the settings', async () => {
  await ensure('correct horse')
  expect(await readFile(join(dataDir, 'demo-user'), 'utf8')).not.toContain('horse')
  await expect(ensure('short')).rejects.toThrow(ConfigError)
})
