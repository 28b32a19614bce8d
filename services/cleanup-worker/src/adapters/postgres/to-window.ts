import type { TimelineRequest } from '@auto-refresh/contracts'

/** Formats a time as contracts' moments. */
export const toMoment = (column: string) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

const WORDS = {
  oldest: { after: '>', until: '<=', direction: 'asc', first: 'min', last: 'max' },
  newest: { after: '<', until: '>=', direction: 'desc', first: 'max', last: 'min' },
} as const
const BOUNDS = { oldest: ['-infinity', 'infinity'], newest: ['infinity', '-infinity'] } as const

/**
 * A request in the words and the parameters of SQL: $1 is the subject, $2 and $3 are the bounds of
 * the window. `first` and `last` are in the direction of the window.
 */
export function toWindow({ subject, window: { order, from, to } }: TimelineRequest) {
  const [start, end] = BOUNDS[order]
  const { after, until, ...words } = WORDS[order]
  return {
    ...words,
    until,
    end,
    isInWindow: `${'userId' in subject ? 'user_id' : 'session_id'} = $1::uuid
      and occurred_at ${after} $2::timestamptz and occurred_at ${until} $3::timestamptz`,
    values: ['userId' in subject ? subject.userId : subject.sessionId, from ?? start, to ?? end],
  }
}
