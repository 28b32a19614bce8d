import type { AuthCore } from '@auto-refresh/auth-api'
import type { Environment } from '@auto-refresh/service-kit/config'
import type { Argument, Command } from 'commander'
import { readCliActor } from './read-cli-actor.ts'
import { toTimelineLine } from './to-timeline-line.ts'
import { withUsers } from './with-users.ts'

type Administration = AuthCore['administration']
type Of = Parameters<Administration['readTimeline']>[0]['of']
type Options = { since?: string; newest?: boolean }

/** Adds `timeline` to the commands about users, or about sessions. */
export function defineTimeline(
  parent: Command,
  readSettings: () => Environment,
  {
    argument,
    find,
  }: { argument: Argument; find: (administration: Administration, given: string) => Promise<Of> },
): void {
  parent
    .command('timeline')
    .description('Show what happened: sign-ins, refreshes, both sides of a reuse, acts')
    .addArgument(argument)
    .option('--since <time>', 'leave out what happened before, such as 2026-11-23T12:00:00Z')
    .option('--newest', 'show the newest first')
    .action((given: string, { since, newest = false }: Options) =>
      withUsers(readSettings(), async ({ administration }) => {
        const request = {
          of: await find(administration, given),
          actor: `cli:${readCliActor().name}`,
          order: newest ? 'newest' : 'oldest',
          since,
        } as const
        let cursor: string | undefined
        do {
          const page = await administration.readTimeline({ ...request, cursor })
          if (page.outcome === 'not_found') throw new Error(`Nothing is known of ${given}`)
          for (const entry of page.entries) process.stdout.write(`${toTimelineLine(entry)}\n`)
          cursor = page.nextCursor
        } while (cursor !== undefined)
      }),
    )
}
