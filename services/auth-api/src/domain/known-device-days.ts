/**
 * How long a browser stays a known device after its last sign-in: the lifetime of the cookie and of
 * the proof in it.
 */
export const KNOWN_DEVICE_DAYS = 180
