import type { JsonSchema } from './to-json-schema.ts'

const DOCUMENTATION: readonly string[] = ['description']
const COMPARED_DEEPER: readonly string[] = ['properties', 'required', 'anyOf', 'enum']

/**
 * What in a schema would break somebody who was written against the one before: readers rely on
 * every property, and events that were stored must stay valid. Optional properties may be added,
 * descriptions may change; all else is a new type.
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
      : [`${path || 'the event'}: what is required changes`]),
    ...(sameLists(toChoices(before), toChoices(after))
      ? []
      : [`${path || 'the event'}: the choices change`]),
    ...Object.entries(before.properties ?? {}).flatMap(([name, property]) => {
      const now = after.properties?.[name]
      const at = path === '' ? name : `${path}.${name}`
      return now === undefined ? [`${at}: it is gone`] : findBreakingChanges(property, now, at)
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
