/** Response header that names the headers that pages on another origin may read. */
export const EXPOSE_HEADERS = 'access-control-expose-headers'

/** Adds names to the value of `EXPOSE_HEADERS` that the application has set, each once. */
export function exposeHeaders(exposed: string | undefined, names: readonly string[]): string {
  const before = (exposed ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const known = new Set(before.map((name) => name.toLowerCase()))
  return [...before, ...names.filter((name) => !known.has(name))].join(', ')
}
