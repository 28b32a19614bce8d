export type AuthApiRequest = Readonly<{
  url: string
  method?: 'GET' | 'POST'
  headers?: Readonly<Record<string, string>>
  body?: object
  /** milliseconds for both attempts together */
  deadlineMs: number
}>
export type Answer = Readonly<{ status: number; headers: Headers; body: unknown }>
/** Enough for the revocations of a million sessions. */
const MAX_BYTES = 67_108_864
export type CallAuthApi = (request: AuthApiRequest) => Promise<Answer>

/**
 * Sends a request to auth-api, and retries it once after a broken or late connection: every call is
 * safe to repeat. Rejects with the error of the second attempt, which contains nothing that was
 * sent or received.
 */
export const callAuthApi: CallAuthApi = async (request) => {
  const startedAtMs = performance.now()
  try {
    return await attempt(request, request.deadlineMs / 2)
  } catch {
    return attempt(request, request.deadlineMs - (performance.now() - startedAtMs))
  }
}

async function attempt(
  { url, method = 'GET', headers = {}, body }: AuthApiRequest,
  withinMs: number,
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // never send keys and tokens to another address
    redirect: 'error',
    signal: AbortSignal.timeout(Math.max(1, Math.ceil(withinMs))),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: parse(await readText(response)),
  }
}

/**
 * Throws when the body is longer than any of auth-api's, so that it cannot exhaust the memory of
 * the back end.
 */
async function readText({ body }: Response): Promise<string> {
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  // leaving the loop cancels the rest of the body
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > MAX_BYTES) throw new Error('Response body is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The error would quote the text.
    return undefined
  }
}
