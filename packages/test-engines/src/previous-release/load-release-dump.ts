import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { RELEASE_FOLDER, type Release } from './previous-release.ts'

/**
 * Fills an empty database with the dump of a release. All times are moved by the time since the
 * dump was made: its sessions are never too old.
 */
export async function loadReleaseDump(
  databaseUrl: string,
  { dump, dumpedAt }: Pick<Release, 'dump' | 'dumpedAt'>,
): Promise<void> {
  const text = await readFile(join(RELEASE_FOLDER, dump), 'utf8')
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('set statement_timeout = 0')
    await client.query(moveTimes(text, Date.now() - Date.parse(dumpedAt)))
  } finally {
    await client.end()
  }
}

const DATE = /\b(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d:\d\d))?/g

/** Moves every ISO date and UTC time in a text, by whole seconds. */
export function moveTimes(text: string, ms: number): string {
  return text.replace(DATE, (_, date: string, separator = 'T', time?: string) => {
    const [day = '', ...rest] = new Date(Date.parse(`${date}T${time ?? '00:00:00'}Z`) + ms)
      .toISOString()
      .split(/[T.]/)
    return time === undefined ? day : `${day}${separator}${rest[0]}`
  })
}
