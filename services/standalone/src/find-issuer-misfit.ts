import type { Environment } from '@auto-refresh/service-kit/config'
import { isLoopbackHost, isLoopbackUrl } from '@auto-refresh/server/core'

/**
 * Returns a warning if the issuer cannot be the address of this server, or if other processes or
 * machines will see another one. Back ends reject tokens whose issuer they do not expect.
 */
export function findIssuerMisfit({
  issuer,
  url,
  environment,
}: {
  issuer: string
  /** the address on which this server listens */
  url: string
  environment: Environment
}): string | undefined {
  const isSet = (name: string) => (environment[name] ?? '') !== ''
  const address = new URL(url)
  if (!isLoopbackUrl(issuer)) return undefined
  if (new URL(issuer).port !== address.port && !isSet('TRUSTED_PROXIES'))
    return 'ISSUER names another port than this server has: set ISSUER to the public URL'
  if (isSet('ISSUER')) return undefined
  if (!isLoopbackHost(address.hostname))
    return 'ISSUER is not set, so it is localhost, but HOST lets other machines connect: set ISSUER to the public URL'
  return isSet('DATABASE_URL')
    ? 'ISSUER is not set, so it follows PORT: set ISSUER to the same URL for all processes on this database'
    : undefined
}
