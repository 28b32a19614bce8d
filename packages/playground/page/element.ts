/** Returns the element with this id. Throws if it is missing, which is a mistake in the page. */
export function element(id: string): HTMLElement
export function element<T extends HTMLElement>(id: string, type: new () => T): T
export function element(id: string, type: new () => HTMLElement = HTMLElement): HTMLElement {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new TypeError(`The page has no ${type.name} #${id}`)
  return found
}

/** Creates an element. Text is never parsed as HTML. */
export function make(
  tag: string,
  { className = '', text = '' }: { className?: string; text?: string },
  ...children: Node[]
): HTMLElement {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = text
  made.append(...children)
  return made
}
