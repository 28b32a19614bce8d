import { expect, test } from 'vitest'
import { parseFormBody } from './parse-form-body.ts'

const parse = (text: string | Buffer) => parseFormBody(Buffer.from(text))

test.each([
  ['', {}],
  ['a=b', { a: 'b' }],
  ['a=b&c=d', { a: 'b', c: 'd' }],
  ['&a=b&&c=d&', { a: 'b', c: 'd' }],
  ['a+b=c+d%2B%26%3d', { 'a b': 'c d+&=' }],
  ['a=b=c', { a: 'b=c' }],
  ['a=%C3%A4&b=ä', { a: 'ä', b: 'ä' }],
  // RFC 6749 §3.2: without a value it counts as absent.
  ['a=&b&c=1', { c: '1' }],
])('%j is read as a form', (text, expected) => {
  expect(parse(text)).toEqual(expected)
})

test('a name of a prototype is a parameter like any other', () => {
  const body = parse('__proto__=a&constructor=b')
  expect(Object.entries(body)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
  expect(Object.getPrototypeOf(body)).toBe(Object.prototype)
})

test.each([
  ['a duplicate parameter', 'a=b&a=c'],
  ['an equal duplicate', 'a=b&a=b'],
  ['a duplicate without a value', 'a=b&a='],
  ['a duplicate with another encoding of the name', 'a=b&%61=c'],
  ['half an escape', 'a=%4'],
  ['an escape that is not hexadecimal', 'a=%zz'],
  ['escapes that are not UTF-8', 'a=%ff'],
  ['an escaped surrogate', 'a=%ed%a0%80'],
  ['bytes that are not UTF-8', Buffer.from([0x61, 0x3d, 0xff])],
  ['33 parameters', Array.from({ length: 33 }, (_, n) => `p${n}=1`).join('&')],
])('%s is refused', (_, text) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
})

test('32 parameters are accepted', () => {
  const text = Array.from({ length: 32 }, (_, n) => `p${n}=1`).join('&')
  expect(Object.keys(parse(text))).toHaveLength(32)
})
