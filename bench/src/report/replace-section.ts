/**
 * Returns the text with the lines between `<!-- name:start -->` and `<!-- name:end -->` replaced.
 * Throws an `Error` that names the marker if one is missing.
 */
export function replaceSection(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  const missing = from < 0 ? start : to < from ? end : undefined
  if (missing !== undefined) throw new Error(`The marker ${missing} is missing; add it`)
  return `${text.slice(0, from)}${start}\n\n${content.trim()}\n\n${text.slice(to)}`
}
