import { userInfo } from 'node:os'

/** Returns who runs the command, for the record of acts: the account of the operating system. */
export function readCliActor(): { kind: 'cli'; name: string } {
  try {
    return { kind: 'cli', name: userInfo().username }
  } catch {
    // A container may run with an id that has no account.
    return { kind: 'cli', name: `uid-${process.getuid?.() ?? 'unknown'}` }
  }
}
