/**
 * Returns a Postgres array of values that need no quotes: numbers, ids and ISO times. The driver
 * would look at each of them twice.
 */
export function toArrayLiteral<T>(items: readonly T[], toValue: (item: T) => string | number) {
  let literal = '{'
  for (const item of items) literal += literal === '{' ? toValue(item) : `,${toValue(item)}`
  return `${literal}}`
}
