import { readFileSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

test('.env.example has every setting that a service reads, and no other', () => {
  const files = [
    ...readdirSync(resolve(root, 'services')).map((service) => `services/${service}/src/config.ts`),
    'packages/service-kit/src/config/add-secret-files.ts',
    'packages/service-kit/src/config/parse-kafka-settings.ts',
    'packages/service-kit/src/config/parse-trace-settings.ts',
  ]
  const configs = files.map((file) => readFileSync(resolve(root, file), 'utf8'))
  const read = configs.flatMap((text) =>
    [...text.matchAll(/'([A-Z][A-Z0-9_]{3,})'/g)].map(([, name]) => name),
  )
  const documented = [
    ...readFileSync(resolve(root, '.env.example'), 'utf8').matchAll(/^#([A-Z][A-Z0-9_]*)=/gm),
  ].map(([, name]) => name)
  expect(read.length).toBeGreaterThan(30)
  expect(new Set(documented)).toEqual(new Set(read))
})
