/**
 * How long a browser counts as a known device after its last sign-in as the user: the life of the
 * cookie and of its proof.
 */
export const KNOWN_DEVICE_DAYS = 180
