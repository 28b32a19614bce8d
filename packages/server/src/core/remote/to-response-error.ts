import { ErrorEnvelope, type ApiKeyScope } from '@auto-refresh/contracts'
import { Compile } from 'typebox/compile'
import type { Answer } from './call-auth-api.ts'

const checker = Compile(ErrorEnvelope)

/**
 * Explains for the log why a response cannot be used. Only auth-api's own error envelope is quoted,
 * because it contains no input. `scope` is what the call needs.
 */
export function toResponseError(
  { status, body }: Answer,
  { call, scope }: { call: string; scope: ApiKeyScope },
): Error {
  const responded = `auth-api responded ${status} to ${call}`
  if (!checker.Check(body))
    return new Error(`${responded}, without an error code of auth-api: a proxy may have responded`)
  return new Error(
    `${responded}: ${body.error.code}, ${body.message}${adviceFor(body.error.code, scope)}`,
  )
}

function adviceFor(code: string, scope: ApiKeyScope): string {
  if (code === 'invalid_api_key') return '. Is the option apiKey the secret of an entry there?'
  return code === 'insufficient_scope' ? `. The call needs ${scope}` : ''
}
