import { ConfigError } from '@auto-refresh/service-kit/config'

/** What an operator is told when nothing starts: one sentence, or all faults of the settings. */
export function explainFault(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'EADDRINUSE' && 'port' in error) {
    return `Port ${String(error.port)} is in use: stop what listens there, or set PORT and ADMIN_PORT`
  }
  if ('code' in error && error.code === 'EADDRNOTAVAIL')
    return `${error.message}: HOST and ADMIN_HOST must be addresses of this machine`
  // A name with several addresses that all refuse has no message of its own.
  if (error instanceof AggregateError && error.message === '')
    return error.errors.map(explainFault).join('; ')
  return error.message
}
