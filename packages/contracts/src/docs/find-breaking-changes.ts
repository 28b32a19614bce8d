import type { JsonSchema } from './to-json-schema.ts'

const DOCUMENTATION: readonly string[] = ['description']
const COMPARED_DEEPER: readonly string[] = ['properties', 'required', 'anyOf', 'enum']

/**
 * Lists the changes that break consumers of a published schema or make stored events invalid. New
 * optional properties and other descriptions are allowed; any other change needs a new type.
 */
export function findBreakingChanges(before: JsonSchema, after: JsonSchema, path = ''): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const changed = [...names].filter(
    (name) =>
      !DOCUMENTATION.includes(name) &&
      !COMPARED_DEEPER.includes(name) &&
      valueOf(before, name) !== valueOf(after, name),
  )
  return [
    ...changed.map((name) => `${path || 'the event'}: ${name} changes`),
    ...(sameLists(before.required, after.required)
      ? []
      : [`${path || 'the event'}: required fields change`]),
    ...(sameLists(toChoices(before), toChoices(after))
      ? []
      : [`${path || 'the event'}: allowed values change`]),
    ...Object.entries(before.properties ?? {}).flatMap(([name, property]) => {
      const now = after.properties?.[name]
      const at = path === '' ? name : `${path}.${name}`
      return now === undefined ? [`${at}: removed`] : findBreakingChanges(property, now, at)
    }),
  ]
}

const valueOf = (schema: JsonSchema, name: string) =>
  JSON.stringify(Object.entries(schema).find(([key]) => key === name)?.[1])
const toChoices = ({ enum: names = [], anyOf = [] }: JsonSchema) => [
  ...names,
  ...anyOf.map((choice) => JSON.stringify(choice)),
]
const sameLists = (before: readonly string[] = [], after: readonly string[] = []) =>
  before.toSorted().join('\n') === after.toSorted().join('\n')
