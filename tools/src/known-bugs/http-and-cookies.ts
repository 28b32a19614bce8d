import type { KnownBug } from './known-bug.ts'

export const HTTP_AND_COOKIES_BUGS: readonly KnownBug[] = []
