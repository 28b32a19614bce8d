import { describe, expect, test } from 'vitest'
import { decideImport, type ImportedUser } from './decide-import.ts'
import type { ImportLine } from './parse-import-line.ts'

const known: ImportedUser = {
  id: 'u1',
  username: 'Ada',
  usernameKey: 'ada',
  role: 'user',
  claims: {},
  active: true,
  hasPassword: true,
  importedHash: 'h1',
}
const external: ImportedUser = {
  id: 'u2',
  username: 'Ada',
  externalId: 'crm|7',
  role: 'user',
  claims: {},
  active: true,
  hasPassword: false,
}

const decide = (
  line: Partial<ImportLine>,
  {
    byName,
    byExternalId,
    fingerprint,
  }: { byName?: ImportedUser; byExternalId?: ImportedUser; fingerprint?: string } = {},
) => decideImport({ username: 'Ada', ...line }, { byName, byExternalId, fingerprint })
const changeOf = (...parameters: Parameters<typeof decide>) => {
  const decision = decide(...parameters)
  return decision.outcome === 'change' ? decision : expect.fail(JSON.stringify(decision))
}

test('a repeated line changes nothing', () => {
  expect(changeOf({ role: 'user', claims: {} }, { byName: known, fingerprint: 'h1' })).toEqual({
    outcome: 'change',
    id: 'u1',
    change: {},
    keptPassword: false,
    keptDisabled: false,
  })
})

test('only what a line gives and what differs is changed', () => {
  expect(changeOf({ role: 'editor' }, { byName: known }).change).toEqual({ role: 'editor' })
  expect(changeOf({ claims: { a: [1] } }, { byName: known }).change).toEqual({ claims: { a: [1] } })
  expect(changeOf({}, { byName: { ...known, claims: { a: 1 }, role: 'x' } }).change).toEqual({})
})

describe('the password of a line', () => {
  test('replaces an older imported one, and ends the sessions', () => {
    expect(changeOf({ passwordHash: 'x' }, { byName: known, fingerprint: 'h2' }).change).toEqual({
      importedHash: 'h2',
      ends: 'password_changed',
    })
  })
  test('never replaces one that was set here', () => {
    const { importedHash: _, ...own } = known
    expect(changeOf({ passwordHash: 'x' }, { byName: own, fingerprint: 'h2' })).toEqual({
      outcome: 'change',
      id: 'u1',
      change: {},
      keptPassword: true,
      keptDisabled: false,
    })
  })
  test('is the first one of a user without a password, whose sessions stay', () => {
    const { importedHash: _, ...none } = { ...known, hasPassword: false }
    expect(changeOf({ passwordHash: 'x' }, { byName: none, fingerprint: 'h2' }).change).toEqual({
      importedHash: 'h2',
    })
  })
})

test('a line disables a user and ends the sessions, but never enables one', () => {
  expect(changeOf({ active: false }, { byName: known }).change).toEqual({
    disable: true,
    ends: 'user_disabled',
  })
  expect(changeOf({ active: true }, { byName: { ...known, active: false } })).toEqual({
    outcome: 'change',
    id: 'u1',
    change: {},
    keptPassword: false,
    keptDisabled: true,
  })
})

describe('an external id', () => {
  const line = { externalId: 'crm|7' }
  test('finds its user, whose name may differ', () => {
    expect(changeOf({ ...line, username: 'Bo' }, { byExternalId: external }).change).toEqual({
      username: 'Bo',
    })
    expect(
      changeOf({ ...line, username: 'Bo' }, { byExternalId: { ...known, externalId: 'crm|7' } })
        .change,
    ).toEqual({ username: 'Bo', usernameKey: 'bo' })
  })
  test('is never linked to a user by name', () => {
    expect(decide({ ...line, passwordHash: 'x' }, { byName: known, fingerprint: 'h' })).toEqual({
      outcome: 'refused',
      reason: 'The name belongs to a user without this external_id',
    })
    expect(decide(line, { byName: known })).toEqual({ outcome: 'create', hasName: false })
  })
  test('of another user keeps the name for that user', () => {
    expect(
      decide({ ...line, passwordHash: 'x' }, { byName: known, byExternalId: external }),
    ).toMatchObject({ outcome: 'refused' })
  })
  test('with a password gives the user a name to sign in with', () => {
    expect(
      changeOf({ ...line, passwordHash: 'x' }, { byExternalId: external, fingerprint: 'h' }).change,
    ).toEqual({ usernameKey: 'ada', importedHash: 'h' })
  })
})

test('a new user has a name to sign in with, unless the line has only an external id', () => {
  expect(decide({})).toEqual({ outcome: 'create', hasName: true })
  expect(decide({ externalId: 'x' })).toEqual({ outcome: 'create', hasName: false })
  expect(decide({ externalId: 'x', passwordHash: 'y' }, { fingerprint: 'h' })).toEqual({
    outcome: 'create',
    hasName: true,
  })
})
