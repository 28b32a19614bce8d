/** 1773 is `1,773 s`, and from an hour on days, hours, minutes and seconds: `6 d 23 h 59 min 12 s`. */
export function toDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  if (whole < 3600) return `${whole.toLocaleString('en')} s`
  const parts = [[Math.floor(whole / 86_400), 'd'], [Math.floor(whole / 3600) % 24, 'h'], [Math.floor(whole / 60) % 60, 'min'], [whole % 60, 's']] as const
  return parts.slice(parts.findIndex(([count]) => count > 0)).map(([count, unit]) => `${count} ${unit}`).join(' ')
}

export const toClockTime = (date: Date) => date.toLocaleTimeString('en-GB')

/** Enough to recognise a secret by, and nothing that it could be used with. */
export const mask = (secret: string) => `${secret.slice(0, 8)}…${secret.slice(-4)}`
