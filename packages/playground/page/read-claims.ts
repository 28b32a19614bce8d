import type { AccessTokenClaims } from '@auto-refresh/contracts'

/** What an access token says, for show: nobody but the server can tell whether it is true. */
export function readClaims(token: string): AccessTokenClaims {
  const bytes = Uint8Array.from(
    atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')),
    (character) => character.charCodeAt(0),
  )
  return JSON.parse(new TextDecoder().decode(bytes)) as AccessTokenClaims
}
