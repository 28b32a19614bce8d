import { CodedError } from '@auto-refresh/contracts'
import { createAccessTokenVerifier } from './create-access-token-verifier.ts'
import { parseCanonicalJson } from './parse-canonical-json.ts'
import type { Log } from './log.ts'

type Address = { issuer: string; audience: string }
type Deps = Omit<Parameters<typeof createAccessTokenVerifier>[0], keyof Address> & {
  settings: Address
  log: Pick<Log, 'error'>
}

/**
 * Distinguishes a foreign token from one of our issuer that does not fit the settings. An authentic
 * token with another issuer or audience is a configuration error: it is logged once with both
 * values, and the check throws `CodedError('unavailable')`, because signing in again would not help
 * the user.
 */
export function createSettingsCheck({
  settings,
  log,
  ...deps
}: Deps): (token: string) => Promise<void> {
  let isLogged = false

  return async (token) => {
    const named = readAddress(token)
    if (
      named === undefined ||
      (named.issuer === settings.issuer && named.audience === settings.audience)
    )
      return
    const { outcome } = await createAccessTokenVerifier({ ...deps, ...named })(token)
    if (outcome === 'invalid') return
    if (!isLogged)
      log.error(
        { configured: settings, token: named },
        'Access tokens rejected: issuer or audience differs from the configured value',
      )
    isLogged = true
    throw new CodedError('unavailable', {
      cause: new Error(
        'The issuer or audience of an authentic access token differs from the configured value',
      ),
    })
  }
}

/** Reads the token's own claim, which is not verified yet. */
function readAddress(token: string): Address | undefined {
  const payload = parseCanonicalJson(token.split('.', 2)[1] ?? '')
  if (typeof payload !== 'object' || payload === null) return undefined
  const { iss, aud } = { iss: undefined, aud: undefined, ...payload } as {
    iss: unknown
    aud: unknown
  }
  return typeof iss === 'string' && typeof aud === 'string'
    ? { issuer: iss, audience: aud }
    : undefined
}
