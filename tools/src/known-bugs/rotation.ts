import type { KnownBug } from './known-bug.ts'

export const ROTATION_BUGS: readonly KnownBug[] = []
