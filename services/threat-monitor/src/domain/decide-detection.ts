import type { Pattern } from '@auto-refresh/contracts'
import type { Window } from './window.ts'

export type Detection = Readonly<{ count: number; firstAtMs: number; lastAtMs: number }>

/** Whether what stands in a window is the pattern. */
export function decideDetection(pattern: Pattern, window: Window, points: number): Detection | undefined {
  const counted = pattern === 'sign_in_after_reuse' ? signInsAfterReuse(window) : window
  const [first] = pattern === 'sign_in_after_reuse' ? window.filter(isReuse) : counted
  const last = counted.at(-1)
  if (first === undefined || last === undefined || counted.length < points) return undefined
  return { count: counted.length, firstAtMs: first.atMs, lastAtMs: last.atMs }
}

const isReuse = ({ member }: Window[number]) => member.startsWith('reuse ')

function signInsAfterReuse(window: Window): Window {
  const reuse = window.find(isReuse)
  return reuse === undefined ? [] : window.filter((entry) => !isReuse(entry) && entry.atMs >= reuse.atMs)
}
