import type { ImportLine } from '../domain/parse-import-line.ts'
import type { Actor } from './actor.ts'

/**
 * `keptPassword`: the user has set another password here, which the line does not replace.
 * `keptDisabled`: the user is disabled here, which the line does not undo.
 */
export type ImportResult =
  | { outcome: 'created' }
  | {
      outcome: 'changed' | 'unchanged'
      userId: string
      /** a pending revocation was added */
      endsSessions: boolean
      keptPassword: boolean
      keptDisabled: boolean
    }
  /** `reason`: a sentence that contains nothing secret */
  | { outcome: 'refused'; reason: string }

export interface UserImports {
  /**
   * Stores lines about different users in one transaction, with the acts of the actor. Returns the
   * results in the order of the lines.
   */
  store(lines: readonly ImportLine[], actor: Actor): Promise<ImportResult[]>
}
