import type { Environment } from '@auto-refresh/service-kit/config'
import { isLoopbackHost, isLoopbackUrl } from '@auto-refresh/server/core'

/**
 * Returns the settings which show that other machines will use the API. If there is one, or in
 * production, the known demo password opens no account, whatever a request looks like.
 */
export function findSettingsForOthers(environment: Environment, host: string): string[] {
  const {
    ISSUER = '',
    CORS_ALLOWED_ORIGINS = '',
    TRUSTED_PROXIES = '',
    COOKIE_DOMAIN = '',
  } = environment
  const origins = CORS_ALLOWED_ORIGINS.split(',').map((origin) => origin.trim())
  const found = {
    HOST: !isLoopbackHost(host) && host !== '::1',
    ISSUER: isForOthers(ISSUER),
    CORS_ALLOWED_ORIGINS: origins.some(isForOthers),
    TRUSTED_PROXIES: TRUSTED_PROXIES !== '',
    COOKIE_DOMAIN: COOKIE_DOMAIN !== '' && !isLoopbackHost(COOKIE_DOMAIN.replace(/^\./, '')),
  }
  return Object.entries(found).flatMap(([name, isFound]) => (isFound ? [name] : []))
}

const isForOthers = (url: string) => url !== '' && !isLoopbackUrl(url)
