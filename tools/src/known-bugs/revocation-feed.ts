import type { KnownBug } from './known-bug.ts'

export const REVOCATION_FEED_BUGS: readonly KnownBug[] = []
