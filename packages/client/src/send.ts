import type { Gate, Pass } from './gate.ts'
import { isStream } from './is-stream.ts'
import { resolveUrl } from './url.ts'

/** As `RequestInit`; a `body` that is made anew for each send lets streams be repeated too. */
export type AuthRequestInit = Omit<RequestInit, 'body'> & {
  body?: BodyInit | null | (() => BodyInit)
}
export type Send = (input: string | URL | Request, init?: AuthRequestInit) => Promise<Response>

/**
 * `fetch` with the access token, to our origins alone; a 401 is repeated once with a renewed token
 * and the same body.
 */
export function createSend({
  gate,
  baseURL,
  fetch,
}: {
  gate: Gate
  baseURL: () => string
  fetch: typeof globalThis.fetch
}): Send {
  return async (input, init = {}) => {
    const request = typeof input === 'string' || input instanceof URL ? undefined : input
    const url = resolveUrl(request?.url ?? (input as string | URL).toString(), baseURL)
    const headers = new Headers(init.headers ?? request?.headers)
    const signal = init.signal ?? request?.signal
    const repeatable = !isStream(init.body)
    // Who brings an Authorization of their own knows what to do with its refusal.
    const pass =
      gate.isOurs(url) && !headers.has('Authorization')
        ? await gate.enter(signal, !repeatable)
        : undefined

    const send = async (sent: Pass | undefined, mayRepeat: boolean): Promise<Response> => {
      if (sent !== undefined) headers.set('Authorization', `Bearer ${sent.session.accessToken}`)
      const { body, ...rest } = init
      const made = typeof body === 'function' ? body() : body
      // A body is gone once it was sent, so a copy goes first.
      const response = await fetch(
        request === undefined ? url : mayRepeat ? request.clone() : request,
        {
          ...rest,
          headers,
          ...(made !== undefined && { body: made, ...(isStream(made) && { duplex: 'half' }) }),
        },
      )
      // After a redirect the answer may be anybody's (fetch takes the Authorization off on the way
      // there).
      const ours = sent !== undefined && gate.isOurs(response.url || url)
      if (ours) await gate.adopt((name) => response.headers.get(name), sent)
      const next =
        ours && mayRepeat && response.status === 401
          ? await gate.again(
              sent,
              signal,
              await response
                .clone()
                .json()
                .catch(() => {}),
            )
          : undefined
      if (next === undefined) return response
      // Nobody reads the refusal: free its connection.
      response.body?.cancel().catch(() => {})
      return send(next, false)
    }
    return send(pass, pass !== undefined && repeatable)
  }
}
