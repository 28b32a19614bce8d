import { ConfigError } from '@auto-refresh/service-kit/config'

/** Explains to an operator why the process cannot start: one sentence, or all wrong settings. */
export function explainFault(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    return `Port ${String(error.port)} is in use: stop what listens there, or set PORT and ADMIN_PORT`
  }
  if ('code' in error && error.code === 'EADDRNOTAVAIL')
    return `${error.message}: HOST and ADMIN_HOST must be addresses of this machine`
  // insufficient_privilege: a restore without the roles and grants of the database
  if ('code' in error && error.code === '42501')
    return (
      `${error.message}: run deploy/postgres/roles.sql as an administrator and ` +
      'deploy/postgres/grants.sql as auth_owner again (docs/production.md, Database roles)'
    )
  // The error of a host name whose addresses all refuse the connection has no message.
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map(explainFault).join('; ')
  return error.message
}
