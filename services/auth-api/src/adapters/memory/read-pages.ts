import type { RevocationsRequest, RevocationsResult } from '@auto-refresh/contracts'

/**
 * Reads at most `most` pages, starting at `after`. Calls `onPage` with each page and its start
 * while the next page is being read. Throws what `ask` throws, after the earlier pages have been
 * handled.
 */
export async function readPages<Answer extends RevocationsResult>(
  ask: (request: RevocationsRequest) => Promise<Answer>,
  {
    sinceMs,
    after,
    most = Infinity,
  }: { sinceMs?: number; after: string | undefined; most?: number },
  onPage: (answer: Answer, after: string | undefined) => void,
): Promise<void> {
  const askFrom = (from: string | undefined) =>
    ask({
      ...(sinceMs === undefined ? {} : { sinceMs }),
      page: from === undefined ? {} : { after: from },
    })
  let place = after
  let asking = askFrom(place)
  for (let left = most; ; left -= 1) {
    const answer = await asking
    const { next } = answer
    const goesOn = next !== undefined && left > 1
    if (goesOn) asking = askFrom(next)
    onPage(answer, place)
    if (!goesOn) return
    place = next
  }
}
