import { expect, test } from 'vitest'
import { parseDrill } from './parse-drill.ts'

test('without options honest users play against the demo system for half a minute', () => {
  expect(parseDrill([])).toEqual({
    action: 'play',
    url: 'http://localhost:8000',
    username: 'admin',
    passwordFromStdin: false,
    sessions: 4,
    seconds: 30,
    graceSeconds: 60,
    attack: undefined,
  })
})

test('an attack, a system and a user can be named', () => {
  const args = [
    '--attack',
    'reuse',
    '--url',
    'https://auth.example',
    '--username',
    'ayu',
    '--password-stdin',
    '--grace-seconds',
    '5',
    '--seconds',
    '0',
    '--sessions',
    '9',
  ]
  expect(parseDrill(args)).toEqual({
    action: 'play',
    url: 'https://auth.example',
    username: 'ayu',
    passwordFromStdin: true,
    sessions: 9,
    seconds: 0,
    graceSeconds: 5,
    attack: 'reuse',
  })
})

test('--help says so', () => {
  expect(parseDrill(['--attack', 'no', '--help'])).toEqual({ action: 'help' })
})

test.each([
  ['--attack theft', 'theft is not an attack; there are reuse'],
  ['--attack constructor', 'constructor is not an attack'],
  ['--url ftp://x', '--url takes an http or https URL'],
  ['--url nowhere', '--url takes an http or https URL'],
  ['--seconds -1', "Option '--seconds' argument is ambiguous"],
  ['--seconds 1.5', '--seconds takes a whole number'],
  ['--sessions 99999', '--sessions takes a whole number'],
  ['--grace-seconds x', '--grace-seconds takes a whole number'],
  ['--password secret', "Unknown option '--password'"],
  ['now', 'Unexpected argument'],
])('%s: what is wrong is said', (line, why) => {
  expect(parseDrill(line.split(' '))).toEqual({
    action: 'wrong',
    why: expect.stringContaining(why) as unknown,
  })
})
