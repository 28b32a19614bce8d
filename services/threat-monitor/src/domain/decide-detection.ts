import type { Pattern } from '@auto-refresh/contracts'
import { parseSignInMember, type Told } from './sign-in-member.ts'
import type { Window } from './window.ts'

/** `last`: what it is about, where that need not be the event that reached the threshold. */
export type Detection = Readonly<{
  count: number
  firstAtMs: number
  lastAtMs: number
  last?: Told
}>

/** Whether what stands in a window is the pattern. */
export function decideDetection(
  pattern: Pattern,
  window: Window,
  points: number,
): Detection | undefined {
  if (pattern === 'sign_in_after_reuse') return decideSignInAfterReuse(window, points)
  const [first] = window
  const last = window.at(-1)
  if (first === undefined || last === undefined || window.length < points) return undefined
  return { count: window.length, firstAtMs: first.atMs, lastAtMs: last.atMs }
}

/** It is about the newest sign-in, though the reuse before it may be handled last. */
function decideSignInAfterReuse(window: Window, points: number): Detection | undefined {
  const reuse = window.find(({ member }) => member.startsWith('reuse '))
  if (reuse === undefined) return undefined
  const signIns = window.flatMap(({ member, atMs }) => {
    const told = atMs < reuse.atMs ? undefined : parseSignInMember(member)
    return told === undefined ? [] : [{ told, atMs }]
  })
  const last = signIns.at(-1)
  if (last === undefined || signIns.length < points) return undefined
  return { count: signIns.length, firstAtMs: reuse.atMs, lastAtMs: last.atMs, last: last.told }
}
