import type { ClientRequest } from './client-request.ts'

/**
 * Returns every value of a header. Node's `headers` keeps only the first of several; `rawHeaders`
 * has all of them.
 */
export function readHeaderValues(request: Pick<ClientRequest, 'raw'>, name: string): string[] {
  const { rawHeaders } = request.raw
  return rawHeaders.flatMap((field, index) =>
    index % 2 === 0 && field.toLowerCase() === name ? [rawHeaders[index + 1] ?? ''] : [],
  )
}
