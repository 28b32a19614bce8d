import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findBreakingChanges } from './find-breaking-changes.ts'
import { renderEvents } from './render-events.ts'
import { EVENT_TYPES, toJsonSchema, type JsonSchema } from './to-json-schema.ts'

/**
 * `npm run docs`: writes the JSON Schemas and `docs/events.md`. Throws on a change that breaks a
 * published type.
 */
const root = join(import.meta.dirname, '../..')

for (const type of EVENT_TYPES) {
  const file = join(root, 'schemas', `${type}.json`)
  const schema = toJsonSchema(type)
  const breaks = existsSync(file)
    ? findBreakingChanges(JSON.parse(readFileSync(file, 'utf8')) as JsonSchema, schema)
    : []
  if (breaks.length > 0)
    throw new Error(
      `${type} is published: make a breaking change a new type (${breaks.join('; ')})`,
    )
  writeFileSync(file, `${JSON.stringify(schema, undefined, 2)}\n`)
}
writeFileSync(join(root, '../../docs/events.md'), renderEvents())
