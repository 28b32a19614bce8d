import { Command, CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { defineDrill } from './drill.ts'
import type { Drill } from './drill/play-drill.ts'

async function parse(args: readonly string[]): Promise<{ drill?: Drill; output: string }> {
  let drill: Drill | undefined
  let output = ''
  const command = new Command('drill').exitOverride().configureOutput({
    writeOut: (text) => void (output += text),
    writeErr: (text) => void (output += text),
  })
  defineDrill(command, undefined, async (parsed) => void (drill = parsed))
  await command.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof CommanderError)) throw error
  })
  return { output, ...(drill === undefined ? {} : { drill }) }
}

test('without options honest users run against the demo system for half a minute', async () => {
  expect((await parse([])).drill).toEqual({
    url: 'http://localhost:8000',
    username: 'admin',
    sessions: 4,
    seconds: 30,
    graceSeconds: 60,
  })
})

test('an attack, a system and a user can be given', async () => {
  const line =
    '--attack reuse --url https://auth.example --username ayu --password-stdin ' +
    '--grace-seconds 5 --seconds 0 --sessions 9'
  expect((await parse(line.split(' '))).drill).toEqual({
    url: 'https://auth.example',
    username: 'ayu',
    passwordStdin: true,
    sessions: 9,
    seconds: 0,
    graceSeconds: 5,
    attack: 'reuse',
  })
})

test('--help lists every attack and runs none', async () => {
  const { drill, output } = await parse(['--attack', 'reuse', '--help'])
  expect(drill).toBeUndefined()
  for (const attack of ['reuse', 'replay', 'velocity', 'spraying', 'stuffing'])
    expect(output).toMatch(new RegExp(`^ +${attack} +\\w+`, 'm'))
})

test.each([
  ['--attack theft', 'Allowed choices are reuse, replay'],
  ['--attack constructor', 'Allowed choices are reuse, replay'],
  ['--url ftp://x', 'It takes an http or https URL'],
  ['--url nowhere', 'It takes an http or https URL'],
  ['--seconds -1', 'It takes a whole number from 0 to 9999'],
  ['--seconds 1.5', 'It takes a whole number from 0 to 9999'],
  ['--sessions 99999', 'It takes a whole number from 0 to 9999'],
  ['--grace-seconds x', 'It takes a whole number from 0 to 9999'],
  ['--password secret', "unknown option '--password'"],
  ['now', 'too many arguments'],
])('drill %s is rejected with its cause', async (line, cause) => {
  const { drill, output } = await parse(line.split(' '))
  expect(drill).toBeUndefined()
  expect(output).toContain(cause)
})
