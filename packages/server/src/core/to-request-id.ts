import { randomUUID } from 'node:crypto'
import { hasTokenPrefix } from './read-refresh-cookies.ts'

/** What auth-api accepts as an id, so that its log names the request of the back end. */
export const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/

/**
 * Returns the first value that is an id, else a random one. Text that may be a token must not get
 * into logs and responses.
 */
export function toRequestId(...given: unknown[]): string {
  const isId = (one: unknown): one is string =>
    typeof one === 'string' && REQUEST_ID.test(one) && !hasTokenPrefix(one)
  return given.find(isId) ?? randomUUID()
}
