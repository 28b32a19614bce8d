/** Formats Unix milliseconds as UTC without milliseconds: `2026-01-01T12:00:00Z`. */
export const toUtc = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
