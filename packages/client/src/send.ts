import type { RequestAuth, Credentials } from './request-auth.ts'
import { isStream } from './is-stream.ts'
import { resolveUrl } from './url.ts'

/**
 * `RequestInit`, except that `body` may be a function that creates the body for each attempt, so
 * that streams can be repeated too.
 */
export type AuthRequestInit = Omit<RequestInit, 'body'> & {
  body?: BodyInit | null | (() => BodyInit)
}
export type Send = (input: string | URL | Request, init?: AuthRequestInit) => Promise<Response>

/**
 * `fetch` with the access token on requests to allowed origins. A 401 is repeated once with a
 * refreshed token and the same body.
 */
export function createSend({
  auth,
  baseURL,
  fetch,
}: {
  auth: RequestAuth
  baseURL: () => string
  fetch: typeof globalThis.fetch
}): Send {
  return async (input, init = {}) => {
    const request = typeof input === 'string' || input instanceof URL ? undefined : input
    const url = resolveUrl(request?.url ?? (input as string | URL).toString(), baseURL)
    const headers = new Headers(init.headers ?? request?.headers)
    const signal = init.signal ?? request?.signal
    const repeatable = !isStream(init.body)
    // A caller who sets Authorization also handles its refusal.
    const credentials =
      auth.isAllowed(url) && !headers.has('Authorization')
        ? await auth.authorize(signal, !repeatable)
        : undefined

    const send = async (sent: Credentials | undefined, mayRepeat: boolean): Promise<Response> => {
      if (sent !== undefined) headers.set('Authorization', `Bearer ${sent.session.accessToken}`)
      const { body, ...rest } = init
      const made = typeof body === 'function' ? body() : body
      // A body can be read only once, so a copy is sent first.
      const response = await fetch(
        request === undefined ? url : mayRepeat ? request.clone() : request,
        {
          ...rest,
          headers,
          ...(made !== undefined && { body: made, ...(isStream(made) && { duplex: 'half' }) }),
        },
      )
      // After a redirect the answer may come from any server (fetch removes Authorization on the
      // way).
      const isTrusted = sent !== undefined && auth.isAllowed(response.url || url)
      if (isTrusted) await auth.commit((name) => response.headers.get(name), sent)
      const next =
        isTrusted && mayRepeat && response.status === 401
          ? await auth.retry(
              sent,
              signal,
              await response
                .clone()
                .json()
                .catch(() => {}),
            )
          : undefined
      if (next === undefined) return response
      // This response is not read: free its connection.
      response.body?.cancel().catch(() => {})
      return send(next, false)
    }
    return send(credentials, credentials !== undefined && repeatable)
  }
}
