import type { Environment } from '@auto-refresh/service-kit/config'
import { isLoopbackHost, isLoopbackUrl } from '@auto-refresh/server/core'

/**
 * Returns a warning if the issuer cannot be the address of this server, or if other processes or
 * machines will see another one. Back ends reject tokens whose issuer they do not expect.
 */
export function findIssuerMisfit({
  issuer,
  host,
  port,
  environment,
}: {
  issuer: string
  /** the address on which this server listens */
  host: string
  port: string
  environment: Environment
}): string | undefined {
  const isSet = (name: string) => (environment[name] ?? '') !== ''
  if (!isLoopbackUrl(issuer)) return undefined
  const isLocal = isLoopbackHost(host) || host === '::1'
  // The port of a container may be published as another one.
  if (isLocal && new URL(issuer).port !== port && !isSet('TRUSTED_PROXIES'))
    return 'ISSUER names another port than this server has: set ISSUER to the public URL'
  if (isSet('ISSUER')) return undefined
  if (!isLocal)
    return 'ISSUER is not set, so it is localhost, but HOST lets other machines connect: set ISSUER to the public URL'
  return isSet('DATABASE_URL')
    ? 'ISSUER is not set, so it follows PORT: set ISSUER to the same URL for all processes on this database'
    : undefined
}
