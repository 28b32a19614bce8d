import { expect, test } from 'vitest'
import { API_KEY_SCOPES } from '@auto-refresh/contracts'
import { parseApiKeys } from './parse-api-keys.ts'

const [A, B] = ['abcdefgh'.repeat(4), 'hgfedcba'.repeat(4)]
const faultOf = (text: string) => {
  const parsed = parseApiKeys(text)
  return 'wrong' in parsed ? parsed.wrong : undefined
}

test('an entry has a name, scopes and a secret, which may contain : = + and /', () => {
  const odd = `${A.slice(4)}:=+/`
  expect(parseApiKeys(`cases-api=revocations:read+tokens:refresh:${odd}`)).toEqual({
    value: [{ name: 'cases-api', scopes: ['revocations:read', 'tokens:refresh'], secret: odd }],
  })
  expect(parseApiKeys(`1=${API_KEY_SCOPES.join('+')}:${A}`)).toEqual({
    value: [{ name: '1', scopes: API_KEY_SCOPES, secret: A }],
  })
})

test('two entries may have one name, so that a secret can be changed without downtime', () => {
  expect(parseApiKeys(`a=admin:read:${A}, a=admin:read:${B}`)).toMatchObject({
    value: [
      { name: 'a', secret: A },
      { name: 'a', secret: B },
    ],
  })
})

test('entries of one name have the same scopes, in any order', () => {
  const first = `a=admin:read+admin:write:${A}`
  expect(parseApiKeys(`${first},a=admin:write+admin:read:${B}`)).toHaveProperty('value')
  for (const scopes of [
    'admin:read',
    'admin:read+tokens:refresh',
    'admin:read+admin:write+tokens:refresh',
  ])
    expect(faultOf(`${first},a=${scopes}:${B}`)).toBe(
      'is not valid: entry 2 (a) has other scopes than entry 1 (a)',
    )
})

test.each([
  [`a=admin:read:${A},b=admin:write:${A}`, 'entry 2 (b) has the same secret as entry 1 (a)'],
  [`a=admin:read:${A},b=admin:all:${B}`, 'entry 2 (b) has an unknown scope'],
  [`a=admin:read+:${A}`, 'entry 1 (a) is not scope+scope:secret'],
  [`a=admin:read ${A}`, 'entry 1 (a) is not scope+scope:secret'],
  [`a=${A}`, 'entry 1 (a) is not scope+scope:secret'],
  [`a=:${A}`, 'entry 1 (a) is not scope+scope:secret'],
  ['a=admin:read:', 'the secret of entry 1 (a) is shorter than 32 characters'],
  [`a=admin:read:${A.slice(1)}`, 'the secret of entry 1 (a) is shorter than 32 characters'],
  [`a=admin:read:${A} ${A}`, 'the secret of entry 1 (a) is not valid'],
  [
    `a=admin:read:${'ab'.repeat(20)}`,
    'the secret of entry 1 (a) has too few different characters to be random',
  ],
  [A, 'entry 1 does not begin with a name and ='],
  [`${A}=`, 'entry 1 does not begin with a name and ='],
  [`A=admin:read:${A}`, 'entry 1 does not begin with a name and ='],
  [`=admin:read:${A}`, 'entry 1 does not begin with a name and ='],
  [`a=admin:read:${A},`, 'entry 2 does not begin with a name and ='],
  [
    `a=admin:all:${A},b=admin:read:x`,
    'entry 1 (a) has an unknown scope, the secret of entry 2 (b) is shorter than 32 characters',
  ],
])('a fault names the entry and never repeats a secret (%#)', (text, fault) => {
  expect(faultOf(text)).toBe(`is not valid: ${fault}`)
  expect(fault).not.toContain(A.slice(0, 8))
})

test('a secret in the place of a scope is not repeated either', () => {
  expect(faultOf('a=hunter:hunter:hunter')).toBe('is not valid: entry 1 (a) has an unknown scope')
})
