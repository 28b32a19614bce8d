import { element, make } from './element.ts'
import { toClockTime } from './format.ts'

export type Entry = {
  source: 'page' | 'server' | 'thief'
  text: string
  detail?: string
  at?: Date
  grave?: boolean
}

const ENTRIES = 100

/** Adds an entry to "What happened", newest first. */
export function log({ source, text, detail, at = new Date(), grave = false }: Entry): void {
  const list = element('log')
  const entry = make('li', { className: grave ? `${source} grave` : source })
  entry.append(
    make('time', { text: toClockTime(at) }),
    make(
      'p',
      {},
      make('span', { className: 'source', text: source }),
      document.createTextNode(text),
    ),
  )
  if (detail !== undefined) entry.append(make('code', { text: detail }))
  list.prepend(entry)
  while (list.children.length > ENTRIES) list.lastElementChild?.remove()
  element('log-empty').hidden = true
}
