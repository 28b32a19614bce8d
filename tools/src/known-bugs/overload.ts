import type { KnownBug } from './known-bug.ts'

export const OVERLOAD_BUGS: readonly KnownBug[] = []
