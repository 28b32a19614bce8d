import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose'
import type { TrustedIssuer } from '../../domain/trusted-issuer.ts'
import { isSafeIssuerUrl } from './is-safe-issuer-url.ts'

/** Discovery and keys together, within the 3 s in which every request gets a response. */
const TIMEOUT_MS = 1200
const COOLDOWN_MS = 10_000
const CACHE_MS = 600_000
const MAX_DOCUMENT_CHARACTERS = 100_000

/** Thrown when the keys of an issuer cannot be read: our failure or the issuer's, not the token's. */
export class IssuerUnavailableError extends Error {}

/**
 * Finds the keys of an issuer (JWKS), kept for ten minutes; an unknown kid reads them again, at most
 * every 10 s. Without `jwksUri` the address comes from the discovery document (OpenID Connect
 * Discovery 1.0 §4), read at the first use, and again after the keys could not be read. The returned
 * function throws `IssuerUnavailableError`.
 */
export function createIssuerKeys({
  issuer,
  jwksUri,
}: Pick<TrustedIssuer, 'issuer' | 'jwksUri'>): JWTVerifyGetKey {
  let opening: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined

  async function open() {
    const address = jwksUri ?? (await discover(issuer))
    return createRemoteJWKSet(new URL(address), {
      timeoutDuration: TIMEOUT_MS,
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: CACHE_MS,
    })
  }

  async function findKeys() {
    opening ??= open()
    try {
      return await opening
    } catch (error) {
      opening = undefined
      throw error
    }
  }

  async function readKeys() {
    const keys = await findKeys()
    if (keys.fresh) return keys
    const opened = opening
    try {
      await keys.reload()
      return keys
    } catch (error) {
      // The issuer may have moved them.
      if (opening === opened) opening = undefined
      throw error
    }
  }

  return async (header, token) => {
    try {
      // Here, because `jwtVerify` would report a broken network like a bad signature.
      const keys = await readKeys()
      return await keys(header, token)
    } catch (error) {
      if (isKeyFault(error)) throw error
      throw new IssuerUnavailableError(`The keys of ${issuer} cannot be read`, { cause: error })
    }
  }
}

/** Whether the set was read and has no key, or several, for the token. */
const isKeyFault = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ERR_JWKS_NO_MATCHING_KEY' || error.code === 'ERR_JWKS_MULTIPLE_MATCHING_KEYS')

async function discover(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const answer = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: { accept: 'application/json' },
  })
  if (!answer.ok) throw new Error(`${url} responded ${answer.status}`)
  const text = await answer.text()
  if (text.length > MAX_DOCUMENT_CHARACTERS) throw new Error(`${url} is too large`)
  const document: unknown = JSON.parse(text)
  if (typeof document !== 'object' || document === null) throw new Error(`${url} is no object`)
  const { issuer: named, jwks_uri: address } = document as { issuer?: unknown; jwks_uri?: unknown }
  if (named !== issuer) throw new Error(`${url} names another issuer`)
  if (typeof address !== 'string' || !isSafeIssuerUrl(address) || isLessSafe(address, issuer))
    throw new Error(`${url} has no https jwks_uri`)
  return address
}

/** An issuer elsewhere must not lead to a service of this machine. */
const isLessSafe = (address: string, issuer: string) =>
  URL.parse(issuer)?.protocol === 'https:' && URL.parse(address)?.protocol !== 'https:'
