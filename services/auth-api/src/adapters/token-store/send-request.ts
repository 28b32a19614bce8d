import type { Dispatcher } from 'undici'

type Request = Readonly<{
  method: 'GET' | 'POST'
  path: string
  headers: Readonly<Record<string, string>>
  body?: string
  withinMs: number
}>
export type Response = Readonly<{ status: number; text: string }>

/**
 * Sends one HTTP request and returns the whole response. Rejects with the fault of the connection,
 * or when no response is complete within `withinMs` milliseconds; the connection is closed then.
 * `Pool.request` costs three times the CPU: a stream, an `AbortSignal` and its timer per request.
 */
export function sendRequest(
  dispatcher: Pick<Dispatcher, 'dispatch'>,
  { withinMs, ...request }: Request,
): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  let running: Dispatcher.DispatchController | undefined
  let late: Error | undefined
  let status = 0
  const chunks: Buffer[] = []

  const timer = setTimeout(
    () => {
      late = new Error(`No response within ${Math.ceil(withinMs)} ms`)
      reject(late)
      running?.abort(late)
    },
    Math.max(1, Math.ceil(withinMs)),
  )

  dispatcher.dispatch(
    { ...request, headersTimeout: 0, bodyTimeout: 0 },
    {
      onRequestStart(controller) {
        running = controller
        if (late !== undefined) controller.abort(late)
      },
      onResponseStart(_, code) {
        status = code
      },
      onResponseData(_, chunk) {
        chunks.push(chunk)
      },
      onResponseEnd() {
        clearTimeout(timer)
        resolve({ status, text: toText(chunks) })
      },
      onResponseError(_, error) {
        clearTimeout(timer)
        reject(error)
      },
    },
  )
  return promise
}

const toText = (chunks: readonly Buffer[]) =>
  (chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)).toString()
