import type { Pattern } from '@auto-refresh/contracts'
import { parseSignInMember, type Evidence } from './sign-in-member.ts'
import type { Window } from './window.ts'

/** `last`: the event it is about, if that may differ from the event that reached the threshold. */
export type Detection = Readonly<{
  count: number
  firstAtMs: number
  lastAtMs: number
  last?: Evidence
}>

/** Decides whether the entries of a window are the pattern; `undefined` if not. */
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

/** The detection is about the newest sign-in, although the earlier reuse may be handled last. */
function decideSignInAfterReuse(window: Window, points: number): Detection | undefined {
  const reuse = window.find(({ member }) => member.startsWith('reuse '))
  if (reuse === undefined) return undefined
  const signIns = window.flatMap(({ member, atMs }) => {
    const evidence = atMs < reuse.atMs ? undefined : parseSignInMember(member)
    return evidence === undefined ? [] : [{ evidence, atMs }]
  })
  const last = signIns.at(-1)
  if (last === undefined || signIns.length < points) return undefined
  return { count: signIns.length, firstAtMs: reuse.atMs, lastAtMs: last.atMs, last: last.evidence }
}
