import { ConfigError } from '@auto-refresh/contracts'
import type { ClientConfig } from 'pg'
import { parse, toClientConfig } from 'pg-connection-string'

/** The connection that `DATABASE_URL` describes. */
export type Connection = Readonly<{
  config: ClientConfig
  /** `sslmode=prefer` or `allow`: plain text if the server offers no TLS */
  tlsIsOptional: boolean
}>

const SSL_MODES: readonly unknown[] = [
  'disable',
  'allow',
  'prefer',
  'require',
  'verify-ca',
  'verify-full',
  'no-verify',
]
/** Others are ignored: many URLs contain `schema`, `pgbouncer` or `connect_timeout` for other clients. */
const PASSED_ON = [
  'user',
  'password',
  'host',
  'port',
  'database',
  'ssl',
  'sslnegotiation',
  'application_name',
  'options',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
  'connectionTimeoutMillis',
] as const

/**
 * Reads a connection URL as libpq does: `require` encrypts without checking the certificate,
 * `verify-ca` checks its issuer, `verify-full` also the host name. `no-verify` is pg's own name for
 * `require`. A Unix socket never uses TLS. Throws a `ConfigError` if the URL is invalid.
 */
export function toConnection(url: string): Connection {
  const { text, usesSystemRoots } = takeSystemRoots(url)
  const parsed = parseOrFault(text)
  const mode = parsed['sslmode']
  if (mode !== undefined && !SSL_MODES.includes(mode))
    throw fault(`has an unknown sslmode: expected one of ${SSL_MODES.join(', ')}`)
  if (usesSystemRoots && mode !== undefined && mode !== 'verify-full')
    throw fault('has sslrootcert=system, which needs sslmode=verify-full')
  const tlsIsOptional = mode === 'allow' || mode === 'prefer'
  if (parsed.host?.startsWith('/') === true) parsed.ssl = false
  else if (usesSystemRoots) parsed.ssl = true
  else if ((tlsIsOptional || mode === 'no-verify') && typeof parsed.ssl === 'object')
    parsed.ssl.rejectUnauthorized = false

  const known = toClientConfig(parsed)
  const config = Object.fromEntries(
    PASSED_ON.filter((name) => name in known).map((name) => [
      name,
      known[name as keyof ClientConfig],
    ]),
  )
  // `PGSSLNEGOTIATION=direct`, perhaps set for another server, is an error without TLS.
  if (parsed.ssl === false) config['sslnegotiation'] = 'postgres'
  return { config, tlsIsOptional: tlsIsOptional && parsed.ssl !== false }
}

/** `sslrootcert=system` means the authorities that Node trusts, not a file of that name. */
function takeSystemRoots(url: string): { text: string; usesSystemRoots: boolean } {
  const text = url.replace(/(?<=[?&])sslrootcert=system(?=&|$)/, '')
  return { text, usesSystemRoots: text !== url }
}

function parseOrFault(text: string) {
  try {
    return parse(text, { useLibpqCompat: !/[?&]uselibpqcompat=/.test(text) })
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'path' in error) {
      throw fault(`refers to a certificate or key file that cannot be read (${String(error.code)})`)
    }
    if (/sslmode=verify-ca/.test(text))
      throw fault(
        'has sslmode=verify-ca without sslrootcert: add the file of the certificate authority',
      )
    throw fault('is not a valid connection URL')
  }
}

const fault = (what: string) => new ConfigError([`DATABASE_URL ${what}`])
