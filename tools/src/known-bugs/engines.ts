import type { KnownBug } from './known-bug.ts'

const postgres = (file: string, test: string) => ({ workspace: 'packages/postgres', file: `packages/postgres/src/${file}`, project: 'int', test }) as const

export const ENGINES_BUGS: readonly KnownBug[] = [
  {
    ...postgres('type-parsers.ts', 'server-settings'),
    name: 'a time in the DateStyle of the server counts as 1970, and every session has expired',
    find: 'const ms = isTime ? Number(toDate(text)) : NaN',
    replace: 'const ms = Number(toDate(text) || isTime)',
  },
  { ...postgres('session-settings.ts', 'server-settings'), name: 'DateStyle is left to the server', find: `  DateStyle: 'ISO, MDY',\n`, replace: '' },
  {
    ...postgres('session-settings.ts', 'server-settings'),
    name: 'a role with synchronous_commit=off loses what was answered',
    find: `'synchronous_commit', ...Object.keys(ours)`,
    replace: `'unset', ...Object.keys(ours)`,
  },
  { ...postgres('check-encoding.ts', 'server-settings'), name: 'a database in LATIN1 is used', find: `encoding === 'UTF8'`, replace: `encoding !== ''` },
  { ...postgres('create-client-class.ts', 'connection-url'), name: 'sslmode=prefer fails where the server has no TLS', find: 'if (!tlsIsOptional)', replace: 'if (true)' },
  { ...postgres('create-client-class.ts', 'connection-url'), name: 'PGOPTIONS of another server changes our connections', find: '.options = options', replace: '.options ??= options' },
  { ...postgres('to-connection.ts', 'connection-url'), name: 'sslmode=require verifies the host name', find: 'useLibpqCompat: !', replace: `useLibpqCompat: text === '' && !` },
]
