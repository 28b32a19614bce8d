import type { KnownBug } from './known-bug.ts'

export const ENGINES_BUGS: readonly KnownBug[] = []
