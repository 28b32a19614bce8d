import { chmod, chown, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { eventually } from '@auto-refresh/test-engines'

/**
 * Self-signed, for `db.internal.test`, valid until 2126. Only for tests: its key is public.
 */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBqzCCAVCgAwIBAgIUZdDcRTiGhL6BLY0hyXq8I5/jf0YwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQZGIuaW50ZXJuYWwudGVzdDAgFw0yNjExMzAwNjA1MTVaGA8y
MTI2MTEwNjA2MDUxNVowGzEZMBcGA1UEAwwQZGIuaW50ZXJuYWwudGVzdDBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABFaKlN+tvADGSE2H9z9hFFyycBvmde4e+Yv8
bAGsgix8AuXAovcKPskiUwCgd2g0maRqhuvVYy0CoVm6Pv2lhJijcDBuMB0GA1Ud
DgQWBBQd5J/HLFnha3bdsyRMZ/CHYm1V9DAfBgNVHSMEGDAWgBQd5J/HLFnha3bd
syRMZ/CHYm1V9DAPBgNVHRMBAf8EBTADAQH/MBsGA1UdEQQUMBKCEGRiLmludGVy
bmFsLnRlc3QwCgYIKoZIzj0EAwIDSQAwRgIhALXvq+tjpCjgScq6h0miQS1sH3Tc
AvB0PAxWonuPmQKIAiEA90nCFgLHOwzcrti6TBbpPME0pKN7KbCiBUj9MwmJQ5k=
-----END CERTIFICATE-----
`
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4k8gbIljTOzuVTju
7FWnZ5RjZVgAaGL0kLHCkCZIiZuhRANCAARWipTfrbwAxkhNh/c/YRRcsnAb5nXu
HvmL/GwBrIIsfALlwKL3Cj7JIlMAoHdoNJmkaobr1WMtAqFZuj79pYSY
-----END PRIVATE KEY-----
`

/** Switches TLS of a local server on or off. */
export async function setTls(url: string, value: 'on' | 'off'): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ data: string }>(
      `select current_setting('data_directory') as data`,
    )
    const data = rows[0]?.data ?? ''
    const { uid, gid } = await stat(data)
    for (const [name, text] of [
      ['server.crt', CERTIFICATE],
      ['server.key', KEY],
    ] as const) {
      const file = join(data, name)
      await writeFile(file, text)
      await chmod(file, 0o600)
      await chown(file, uid, gid)
    }
    await client.query(`alter system set ssl = ${value}`)
    await client.query('select pg_reload_conf()')
    // The reload is a signal: the setting changes a moment later.
    await eventually(async () => {
      const { rows: now } = await client.query<{ ssl: string }>(
        `select current_setting('ssl') as ssl`,
      )
      return now[0]?.ssl === value
    }, 30_000)
  } finally {
    await client.end()
  }
}
