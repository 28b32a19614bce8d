import type { KnownBug } from './known-bug.ts'

export const CLIENTS_BUGS: readonly KnownBug[] = []
