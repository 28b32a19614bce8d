import type { ClientRequest } from './client-request.ts'

/**
 * Every value of a header. Node shows the first of several and hides the others; `rawHeaders` has
 * them all.
 */
export function readHeaderValues(request: Pick<ClientRequest, 'raw'>, name: string): string[] {
  const { rawHeaders } = request.raw
  return rawHeaders.flatMap((field, index) =>
    index % 2 === 0 && field.toLowerCase() === name ? [rawHeaders[index + 1] ?? ''] : [],
  )
}
