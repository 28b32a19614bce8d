/**
 * The origin of an absolute URL, else undefined. React Native's own `URL` has no `origin`; what is
 * read instead of it takes only hosts that every parser reads alike.
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
 * An absolute URL stays as the caller wrote it: React Native's `URL` appends a slash to what it
 * parses.
 */
export function resolveUrl(url: string, base: () => string): string {
  if (/^[a-z][\w+.-]*:/i.test(url)) return url
  return /^\/(?![/\\])/.test(url) ? originOf(base()) + url : new URL(url, `${base()}/`).href
}

/**
 * Undefined for a relative one where there is no page to start from, as on a server. Throws where
 * `base` is no URL.
 */
export function readBaseURL(base: string): string | undefined {
  const page = globalThis.location?.href
  return page || originOf(base) ? new URL(base, page).href.replace(/\/$/, '') : undefined
}
