import { CodedError } from '@auto-refresh/contracts'
import { parseImportLine, type ImportLine } from '../../domain/parse-import-line.ts'
import { toUsernameKey } from '../../domain/username.ts'
import type { Actor } from '../../ports/actor.ts'
import type { Log } from '../../ports/telemetry.ts'
import type { ImportResult, UserImports } from '../../ports/user-imports.ts'
import type { DeliverRevocations } from '../sessions/deliver-revocations.ts'

/** One transaction: small enough for the deadline of a statement. */
const BATCH_LINES = 200

/** `fault`: why the line could not be read */
export type FileLine = Readonly<{ number: number } & ({ text: string } | { fault: string })>

export type ImportSummary = {
  lines: number
  created: number
  changed: number
  unchanged: number
  refused: number
  /** users who keep the password that they have set here */
  keptPasswords: number
  /** users who are disabled here and stay so */
  keptDisabled: number
}

export type ImportUsers = (request: {
  lines: AsyncIterable<FileLine>
  actor: Actor
  /** Gets the number of a refused line and the reason, which contains nothing secret. */
  onRefused(number: number, reason: string): void
}) => Promise<ImportSummary>

type ImportUsersDeps = Readonly<{
  imports: UserImports
  deliverRevocations: DeliverRevocations
  log: Log
}>

/**
 * Imports users, 200 lines in one transaction; the memory does not depend on the length of the
 * file. A faulty line is refused alone. The same file can be imported again. Throws
 * `CodedError('unavailable')` with the line before which everything is stored.
 */
export function createImportUsers({
  imports,
  deliverRevocations,
  log,
}: ImportUsersDeps): ImportUsers {
  return async ({ lines, actor, onRefused }) => {
    const summary: ImportSummary = {
      lines: 0,
      created: 0,
      changed: 0,
      unchanged: 0,
      refused: 0,
      keptPasswords: 0,
      keptDisabled: 0,
    }
    let batch: { number: number; line: ImportLine }[] = []
    let keys = new Set<string>()

    for await (const read of lines) {
      summary.lines += 1
      const parsed =
        'fault' in read
          ? ({ outcome: 'refused', reason: read.fault } as const)
          : parseImportLine(read.text)
      if (parsed.outcome === 'refused') {
        refuse(read.number, parsed.reason)
        continue
      }
      const { line } = parsed
      const own = toKeys(line)
      // A second line about a user sees what the first one did.
      if (batch.length === BATCH_LINES || own.some((key) => keys.has(key))) await flush()
      batch.push({ number: read.number, line })
      for (const key of own) keys.add(key)
    }
    await flush()
    log.info({ event: 'users_imported', ...summary }, 'Users imported')
    return summary

    async function flush(): Promise<void> {
      const stored = batch
      batch = []
      keys = new Set()
      const [first] = stored
      if (first === undefined) return
      const results = await imports
        .store(
          stored.map(({ line }) => line),
          actor,
        )
        .catch((error: unknown) => {
          throw new CodedError('unavailable', {
            detail:
              `Import stopped at line ${first.number}: all lines before it are stored; ` +
              'import the same file again',
            cause: error,
          })
        })
      results.forEach((result, i) => count(stored[i]?.number ?? 0, result))
      for (const result of results) {
        if ('userId' in result && result.endsSessions)
          await deliverRevocations({ userId: result.userId })
      }
    }

    function count(number: number, result: ImportResult): void {
      if (result.outcome === 'refused') {
        refuse(number, result.reason)
        return
      }
      summary[result.outcome] += 1
      if (result.outcome === 'created') return
      if (result.keptPassword) summary.keptPasswords += 1
      if (result.keptDisabled) summary.keptDisabled += 1
    }

    function refuse(number: number, reason: string): void {
      summary.refused += 1
      onRefused(number, reason)
    }
  }
}

const toKeys = ({ username, externalId }: ImportLine): string[] => [
  `name ${toUsernameKey(username)}`,
  ...(externalId === undefined ? [] : [`id ${externalId}`]),
]
