import type { ClientRequest } from './client-request.ts'

/**
 * Returns every value of a header. Node's `headers` keeps only the first of several; `rawHeaders`
 * has all of them.
 */
export function readHeaderValues(request: Pick<ClientRequest, 'raw'>, name: string): string[] {
  const { rawHeaders } = request.raw
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]?.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '')
  return values
}
