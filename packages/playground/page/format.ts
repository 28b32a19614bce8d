/** Formats seconds: 1773 is `1,773 s`; from an hour on `23:59:12` or `6 d 23:59:12`. */
export function toDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  if (whole < 3600) return `${whole.toLocaleString('en')} s`
  const days = Math.floor(whole / 86_400)
  const clock = [Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':')
  return days > 0 ? `${days} d ${clock}` : clock
}

export const toClockTime = (date: Date) => date.toLocaleTimeString('en-GB')

/** Shows enough of a secret to recognise it, and not enough to use it. */
export const mask = (secret: string) => `${secret.slice(0, 8)}…${secret.slice(-4)}`
