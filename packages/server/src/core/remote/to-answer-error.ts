import { ERROR_CODES, ErrorEnvelope } from '@auto-refresh/contracts'
import { Compile } from 'typebox/compile'
import type { Answer } from './ask.ts'

const checker = Compile(ErrorEnvelope)

/**
 * Why an answer is none, for the log. Of the body only our own error envelope is quoted, which
 * holds no input. A refused key is told by its message: a 403 can come from elsewhere, the guard of
 * host names or a proxy.
 */
export function toAnswerError(
  { status, body }: Answer,
  { question, keySetting }: { question: string; keySetting: string },
): Error {
  const answered = `auth-api answered ${status} to ${question}`
  if (!checker.Check(body))
    return new Error(`${answered}, without an error code of auth-api: a proxy may have responded`)
  const isKeyRefused =
    body.error.code === 'forbidden' && body.message === ERROR_CODES.forbidden.message
  return new Error(
    `${answered}: ${body.error.code}, ${body.message}${isKeyRefused ? `. Is the key one of ${keySetting}?` : ''}`,
  )
}
