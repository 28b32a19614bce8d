import {
  CodedError,
  InspectResult,
  IssueResult,
  ListSessionsResult,
  PeekResult,
  RevocationsResult,
  RevokeSessionResult,
  RevokeUserResult,
  RotateResult,
} from '@auto-refresh/contracts'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Pool } from 'undici'
import type { TokenStore } from '../../ports.ts'

/** Shorter than the 3 s in which a caller is answered, longer than any statement of the store. */
const DEADLINE_MS = 2000
const CONNECT_MS = 1000

/**
 * token-store over its internal HTTP API. A call that is refused, late, cut or answered in another form is
 * `CodedError('unavailable')`: the store may have carried it out, and the caller's retry finds that.
 */
export function createHttpTokenStore({ url, apiKey, connections = 32, deadlineMs = DEADLINE_MS }: {
  url: string
  /** the first of `INTERNAL_API_KEYS` */
  apiKey: string
  connections?: number
  deadlineMs?: number
}): { tokenStore: TokenStore; close(): Promise<void> } {
  const { origin, pathname } = new URL(url)
  const base = `${pathname.replace(/\/$/, '')}/internal/v1`
  const pool = new Pool(origin, { connections, connect: { timeout: CONNECT_MS } })
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }

  function call<Schema extends TSchema>(verb: string, schema: Schema): (request: object) => Promise<Static<Schema>> {
    const result = Compile(schema)
    return async (request) => {
      try {
        const signal = AbortSignal.timeout(deadlineMs)
        const answer = await pool.request({ method: 'POST', path: `${base}/${verb}`, headers, body: JSON.stringify({ items: [request] }), signal })
        const value = firstResult(answer.statusCode, await answer.body.text())
        if (result.Check(value)) return value
        throw new Error('The answer has another form')
      } catch (cause) {
        throw new CodedError('unavailable', { cause: new Error(`token-store: ${verb} failed`, { cause }) })
      }
    }
  }

  return {
    tokenStore: {
      issue: call('issue', IssueResult),
      rotate: call('rotate', RotateResult),
      peek: call('peek', PeekResult),
      inspect: call('inspect', InspectResult),
      revokeSession: call('revoke-session', RevokeSessionResult),
      revokeUser: call('revoke-user', RevokeUserResult),
      listSessions: call('list-sessions', ListSessionsResult),
      revocations: call('revocations', RevocationsResult),
    },
    close: () => pool.close(),
  }
}

function firstResult(status: number, text: string): unknown {
  if (status !== 200) throw new Error(`It answered ${status}`)
  const body: unknown = JSON.parse(text)
  const results: unknown = typeof body === 'object' && body !== null && 'results' in body ? body.results : undefined
  return Array.isArray(results) && results.length === 1 ? results[0] : undefined
}
