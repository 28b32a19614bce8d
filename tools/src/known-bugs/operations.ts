import type { KnownBug } from './known-bug.ts'

export const OPERATIONS_BUGS: readonly KnownBug[] = []
