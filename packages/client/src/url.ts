/**
 * Returns the origin of an absolute URL, else undefined. React Native's `URL` has no `origin`; the
 * fallback accepts only hosts that every parser reads alike.
 */
export function originOf(url: string): string | undefined {
  try {
    const { origin } = new URL(url)
    return origin === 'null' ? undefined : origin
  } catch {
    return /^https?:\/\/[\w.:[\]-]+(?=[/?#]|$)/.exec(url)?.[0]
  }
}

/**
 * Resolves a URL. An absolute one is returned unchanged, because React Native's `URL` appends a
 * slash.
 */
export function resolveUrl(url: string, base: () => string): string {
  if (/^[a-z][\w+.-]*:/i.test(url)) return url
  return /^\/(?![/\\])/.test(url) ? originOf(base()) + url : new URL(url, `${base()}/`).href
}

/**
 * Returns the absolute base URL; undefined if it is relative and there is no page, as on a server.
 * Throws if `base` is no URL.
 */
export function readBaseURL(base: string): string | undefined {
  const page = globalThis.location?.href
  return page || originOf(base) ? new URL(base, page).href.replace(/\/$/, '') : undefined
}
