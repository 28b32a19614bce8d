/** A web stream, a Node stream or an async iterable: gone once it was sent. */
export const isStream = (body: unknown): boolean =>
  typeof body === 'object' &&
  body !== null &&
  (Symbol.asyncIterator in body || 'getReader' in body || 'pipe' in body)
