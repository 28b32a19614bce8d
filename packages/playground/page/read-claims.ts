import type { AccessTokenClaims } from '@auto-refresh/contracts'

/** Reads the claims of an access token for display, without verification. */
export function readClaims(token: string): AccessTokenClaims {
  const bytes = Uint8Array.from(
    atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')),
    (character) => character.charCodeAt(0),
  )
  return JSON.parse(new TextDecoder().decode(bytes)) as AccessTokenClaims
}
