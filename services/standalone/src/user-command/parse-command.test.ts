import { describe, expect, test } from 'vitest'
import { parseCommand } from './parse-command.ts'

const parse = (line: string) => parseCommand(line.split(' ').filter((word) => word !== ''))

test.each([
  ['add ada --password-stdin', { action: 'add', name: 'ada', role: undefined }],
  ['add ada --role admin --password-stdin', { action: 'add', name: 'ada', role: 'admin' }],
  ['--password-stdin set-password ada', { action: 'set-password', name: 'ada' }],
  ['set-role ada admin', { action: 'set-role', name: 'ada', role: 'admin' }],
  ['disable ada', { action: 'disable', name: 'ada' }],
  ['enable ada', { action: 'enable', name: 'ada' }],
  ['revoke-sessions ada', { action: 'revoke-sessions', name: 'ada' }],
  ['list', { action: 'list' }],
  ['hash ada', { action: 'hash', name: 'ada' }],
  ['--help', { action: 'help' }],
  ['add --help', { action: 'help' }],
])('%s', (line, command) => {
  expect(parse(line)).toEqual(command)
})

describe('what is wrong is said, and done by nobody', () => {
  test.each([
    ['', 'A command is missing'],
    ['remove ada', 'remove is not a command'],
    ['constructor ada', 'constructor is not a command'],
    ['add ada', 'others can see a command line'],
    ['set-password ada', 'others can see a command line'],
    ['add --password-stdin', 'add takes one name'],
    ['add ada secret --password-stdin', 'add takes one name'],
    ['disable', 'disable takes one name'],
    ['hash', 'hash takes one name'],
    ['disable ada bob', 'disable takes one name'],
    ['set-role ada', 'set-role takes a name and a role'],
    ['set-role ada admin user', 'set-role takes a name and a role'],
    ['disable ada --role admin', '--role belongs to add'],
    ['list ada', 'list takes no name'],
    ['add ada --password secret', "Unknown option '--password'"],
  ])('%s', (line, why) => {
    expect(parse(line)).toEqual({ action: 'wrong', why: expect.stringContaining(why) as unknown })
  })
})
