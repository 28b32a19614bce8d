import type { TokenManager } from '@auto-refresh/client'
import type { NoticesData, SessionsData } from '@auto-refresh/contracts'
import { element, make } from './element.ts'
import { toClockTime } from './format.ts'

/**
 * Shows the user's sessions and notices. `load` reads both; calls during a load cause one more
 * load.
 */
export function createAccount({ tokens }: { tokens: TokenManager }) {
  let isLoading = false
  let isStale = false

  async function load(): Promise<void> {
    isStale = true
    if (isLoading) return
    isLoading = true
    while (isStale && tokens.session !== null) {
      isStale = false
      await Promise.all([
        read('sessions').then(showSessions),
        read('notices').then(showNotices),
      ]).catch(() => {})
    }
    isLoading = false
  }

  async function read(path: string): Promise<Partial<SessionsData & NoticesData>> {
    const response = await tokens.request(`/api/v1/auth/${path}`)
    return response.ok ? ((await response.json()) as { data: SessionsData & NoticesData }).data : {}
  }

  function showSessions({ sessions }: Partial<SessionsData>) {
    if (sessions === undefined) return
    const rows = sessions.map(
      ({
        id,
        current,
        network,
        user_agent: agent,
        signed_in_at: since,
        last_refreshed_at: refreshed,
      }) => {
        const name = `${toBrowser(agent)} from ${network}`
        const times = `since ${toClockTime(new Date(since))}, refreshed ${toClockTime(new Date(refreshed))}`
        const what = make(
          'div',
          { text: current ? `${name} (this one)` : name },
          make('small', { text: times }),
        )
        return make(
          'li',
          {},
          what,
          button('End', `End the session ${name}, ${times}`, `sessions/${id}`),
        )
      },
    )
    element('sessions').replaceChildren(...rows)
  }

  function showNotices({ notices }: Partial<NoticesData>) {
    if (notices === undefined) return
    const rows = notices.map(({ id, message, occurred_at: at }) =>
      make(
        'li',
        {},
        make('div', { text: message }, make('small', { text: toClockTime(new Date(at)) })),
        button('Dismiss', `Dismiss: ${message}`, `notices/${id}`),
      ),
    )
    element('notices').replaceChildren(...rows)
    element('notices-empty').hidden = rows.length > 0
  }

  function button(text: string, label: string, path: string) {
    const made = make('button', { className: 'small', text })
    made.ariaLabel = label
    made.addEventListener(
      'click',
      () =>
        void tokens
          .request(`/api/v1/auth/${path}`, { method: 'DELETE' })
          .catch(() => {})
          .then(load),
    )
    return made
  }

  return { load }
}

const toBrowser = (agent: string) =>
  /(?:Firefox|Edg|Chrome|Version|curl)\/\d+/
    .exec(agent)?.[0]
    .replace('Version', 'Safari')
    .replace('Edg', 'Edge')
    .replace('/', ' ') ??
  (agent.slice(0, 40) || 'Unknown')
