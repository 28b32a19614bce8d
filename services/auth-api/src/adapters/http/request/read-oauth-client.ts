import type { FastifyRequest } from 'fastify'
import { OauthError } from '../errors/oauth-error.ts'

const BASIC = /^basic +([A-Za-z0-9+/]*={0,2})$/i

export type BasicCredentials = Readonly<{ id: string; secret: string }>

/**
 * Reads `Authorization: Basic`. Returns `undefined` for another scheme, else one or two readings:
 * RFC 6749 §2.3.1 form-encodes both parts, and many clients do not. Throws
 * `OauthError('invalid_client')`.
 */
export function readBasicCredentials({
  headers,
}: Pick<FastifyRequest, 'headers'>): readonly BasicCredentials[] | undefined {
  const { authorization = '' } = headers
  if (!/^basic\b/i.test(authorization)) return undefined
  const text = Buffer.from(BASIC.exec(authorization)?.[1] ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  if (colon < 1)
    throw new OauthError('invalid_client', 'The Basic credentials are malformed', {
      scheme: 'Basic',
    })
  const plain = { id: text.slice(0, colon), secret: text.slice(colon + 1) }
  if (!/[%+]/.test(text)) return [plain]
  try {
    return [{ id: decode(plain.id), secret: decode(plain.secret) }, plain]
  } catch {
    return [plain]
  }
}

/**
 * Refuses a client that authenticates: every client is public, and one that sends a secret relies
 * on a check that does not exist. `client_id` is ignored, as is Basic without a password. Throws
 * `OauthError('invalid_client')`.
 */
export function requirePublicClient(
  request: Pick<FastifyRequest, 'headers'>,
  body: Readonly<{ client_secret?: string; client_assertion?: string }>,
): void {
  const detail = 'Clients are public here: send no client secret or assertion'
  if (readBasicCredentials(request)?.some(({ secret }) => secret !== '') === true)
    throw new OauthError('invalid_client', detail, { scheme: 'Basic' })
  if (body.client_secret !== undefined || body.client_assertion !== undefined)
    throw new OauthError('invalid_client', detail)
}

const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
