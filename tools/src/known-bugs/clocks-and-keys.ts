import type { KnownBug } from './known-bug.ts'

export const CLOCKS_AND_KEYS_BUGS: readonly KnownBug[] = []
