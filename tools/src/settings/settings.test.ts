import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listSettings } from './list-settings.ts'
import { renderConfiguration, renderEnvExample } from './render-settings.ts'

const root = join(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const settings = listSettings()

test('.env.example and docs/configuration.md match the code (npm run docs writes them)', () => {
  const template = read('tools/src/settings/configuration.template.md')
  expect(read('.env.example')).toBe(renderEnvExample(settings))
  expect(read('docs/configuration.md')).toBe(renderConfiguration(template, settings))
})

test('every setting that the code names is listed, except the standard ones of OpenTelemetry', () => {
  const kit = 'packages/service-kit/src/config'
  const files = [
    ...readdirSync(join(root, 'services')).map((service) => `services/${service}/src/config.ts`),
    ...readdirSync(join(root, kit))
      .filter((file) => !/\.test\.ts$|^find-ignored-settings/.test(file))
      .map((file) => `${kit}/${file}`),
  ]
  const named = files.flatMap((file) =>
    [...read(file).matchAll(/'([A-Z][A-Z0-9_]{3,})'/g)].map(([, name]) => name),
  )
  const listed = [...read('.env.example').matchAll(/^#([A-Z][A-Z0-9_]*)=/gm)].map(
    ([, name]) => name,
  )
  expect(named.length).toBeGreaterThan(30)
  expect(new Set(listed)).toEqual(
    new Set(named.filter((name) => !name?.startsWith('OTEL_') || listed.includes(name))),
  )
})

test('there are at most 64 settings, each with one description and a place in both documents', () => {
  const listed = settings.filter(({ definition }) => !definition.name.startsWith('OTEL_'))
  const undescribed = listed.filter(({ definition }) => !definition.section || !definition.describe)
  expect(undescribed.map(({ definition }) => definition.name)).toEqual([])
  const names = settings.filter(({ definition }) => definition.section).map((each) => each)
  expect(names.length).toBeLessThanOrEqual(64)
  const reference = read('docs/configuration.md')
  expect(
    names
      .map(({ definition }) => definition.name)
      .filter((name) => !new RegExp(`^\\* \`${name}[=\`]`, 'm').test(reference)),
  ).toEqual([])
})

test('the small deployment passes every setting of standalone on, except what the image decides', () => {
  const decided = [
    'HOST',
    'PORT',
    'ADMIN_HOST',
    'ADMIN_PORT',
    'NODE_ENV',
    'DATA_DIR',
    'SECRETS_DIR',
  ]
  const expected = settings
    .filter(({ definition }) => definition.section !== 'services')
    .map(({ definition }) => definition.name)
    .filter((name) => !decided.includes(name))
  const compose = read('deploy/compose.small.yml')
  const block = compose.slice(compose.indexOf('  environment:'), compose.indexOf('  volumes:'))
  const passed = [...block.matchAll(/^    ([A-Z_]+):/gm)].map(([, name]) => name)
  expect(new Set(passed)).toEqual(new Set(expected))
})
