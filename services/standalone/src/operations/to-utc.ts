/** Returns a time (Unix ms) for people: UTC to the second. */
export const toUtc = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
