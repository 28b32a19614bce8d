import { isLoopbackUrl } from '@auto-refresh/server/core'

/** Whether keys may be read from this URL: over https, or over http from this machine. */
export function isSafeIssuerUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackUrl(text))
}
