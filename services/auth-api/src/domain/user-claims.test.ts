import { expect, test } from 'vitest'
import { isSameJson, refuseClaims } from './user-claims.ts'

test.each([
  ['none', {}],
  ['values of every kind', { tenant: 't1', beta: true, seats: 3, teams: ['a', 'b'], plan: null }],
  ['three levels', { a: { b: ['c'] } }],
  ['2,048 bytes', { a: 'x'.repeat(2040) }],
  ['a text that only looks like a control character', { a: '\\u0000' }],
])('accepts %s', (_, claims) => {
  expect(refuseClaims(claims)).toBeUndefined()
})

test.each([
  ['sub', { sub: 'x' }, /sub is reserved/],
  ['role', { role: 'admin' }, /role is reserved/],
  ['a prototype', JSON.parse('{"__proto__":{}}') as Record<string, unknown>, /is reserved/],
  ['2,049 bytes', { a: 'x'.repeat(2041) }, /longer than 2048 bytes/],
  ['bytes, not characters', { a: 'é'.repeat(1021) }, /longer than 2048 bytes/],
  ['a fourth level', { a: { b: { c: {} } } }, /deeper than 3/],
  ['a null character', { a: '\0' }, /not well-formed/],
  ['half a character', { a: ['\ud800'] }, /not well-formed/],
  ['half a character in a name', { 'a\ud800': 1 }, /not well-formed/],
])('refuses %s', (_, claims, reason) => {
  expect(refuseClaims(claims)).toMatch(reason)
})

test('claims are equal in any order of names', () => {
  const claims = { a: 1, b: [{ c: null }, 'x'], d: {} }
  expect(isSameJson(claims, { d: {}, b: [{ c: null }, 'x'], a: 1 })).toBe(true)
  for (const other of [
    { ...claims, e: 1 },
    { a: 1, b: claims.b },
    { ...claims, b: ['x', { c: null }] },
    { ...claims, b: [{}, 'x'] },
    { ...claims, a: '1' },
    { ...claims, d: [] },
    { ...claims, d: null },
  ])
    expect(isSameJson(claims, other)).toBe(false)
})
