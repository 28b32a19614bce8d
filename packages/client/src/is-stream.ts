/**
 * Whether a body is a web stream, a Node stream or an async iterable, which can be sent only once.
 */
export const isStream = (body: unknown): boolean =>
  typeof body === 'object' &&
  body !== null &&
  (Symbol.asyncIterator in body || 'getReader' in body || 'pipe' in body)
