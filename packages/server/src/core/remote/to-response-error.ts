import { ERROR_CODES, ErrorEnvelope } from '@auto-refresh/contracts'
import { Compile } from 'typebox/compile'
import type { Answer } from './call-auth-api.ts'

const checker = Compile(ErrorEnvelope)

/**
 * Explains for the log why a response cannot be used. Only auth-api's own error envelope is quoted,
 * because it contains no input. A rejected key is recognised by its message: a 403 can also come
 * from the host check or a proxy.
 */
export function toResponseError(
  { status, body }: Answer,
  { call, keySetting }: { call: string; keySetting: string },
): Error {
  const responded = `auth-api responded ${status} to ${call}`
  if (!checker.Check(body))
    return new Error(`${responded}, without an error code of auth-api: a proxy may have responded`)
  const isKeyRejected =
    body.error.code === 'forbidden' && body.message === ERROR_CODES.forbidden.message
  return new Error(
    `${responded}: ${body.error.code}, ${body.message}${isKeyRejected ? `. Is the key one of ${keySetting}?` : ''}`,
  )
}
