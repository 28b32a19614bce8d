import type { FastifyRequest } from 'fastify'
import { OAuthError } from '../errors/oauth-error.ts'

const BASIC = /^basic +([A-Za-z0-9+/]*={0,2})$/i

export type BasicCredentials = Readonly<{ id: string; secret: string }>

/**
 * Reads `Authorization: Basic`, whose parts are form-encoded (RFC 6749 §2.3.1). Returns `undefined`
 * for another scheme. Throws `OAuthError('invalid_client')`.
 */
export function readBasicCredentials({
  headers,
}: Pick<FastifyRequest, 'headers'>): BasicCredentials | undefined {
  const { authorization = '' } = headers
  if (!/^basic\b/i.test(authorization)) return undefined
  const text = Buffer.from(BASIC.exec(authorization)?.[1] ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  try {
    if (colon > 0)
      return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) }
  } catch {
    // Reported below, without the text.
  }
  throw new OAuthError('invalid_client', 'The Basic credentials are malformed', { scheme: 'Basic' })
}

/**
 * Refuses a client that authenticates: every client is public, and one that sends a secret relies
 * on a check that does not exist. `client_id` is ignored, as is Basic without a password. Throws
 * `OAuthError('invalid_client')`.
 */
export function requirePublicClient(
  request: Pick<FastifyRequest, 'headers'>,
  body: Readonly<{ client_secret?: string; client_assertion?: string }>,
): void {
  const detail = 'Clients are public here: send no client secret or assertion'
  if ((readBasicCredentials(request)?.secret ?? '') !== '')
    throw new OAuthError('invalid_client', detail, { scheme: 'Basic' })
  if (body.client_secret !== undefined || body.client_assertion !== undefined)
    throw new OAuthError('invalid_client', detail)
}

const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
