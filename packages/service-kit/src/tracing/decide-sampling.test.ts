import { expect, test } from 'vitest'
import { decideSampling, type Sampling } from './decide-sampling.ts'

const decide = (
  sampling: Sampling,
  {
    route = '/api/v1/auth/refresh',
    parentSampled = undefined as boolean | undefined,
    random = 0.5,
  },
) => decideSampling({ route, parentSampled, random }, sampling)

test.each<
  [string, Sampling, { route?: string; parentSampled?: boolean; random?: number }, boolean]
>([
  ['a tenth is a tenth', { parentBased: true, ratio: 0.1 }, { random: 0.0999 }, true],
  ['and no more', { parentBased: true, ratio: 0.1 }, { random: 0.1 }, false],
  ['all is all', { parentBased: true, ratio: 1 }, { random: 0.9999 }, true],
  ['none is none', { parentBased: true, ratio: 0 }, { random: 0 }, false],
  ['a sampled caller is followed', { parentBased: true, ratio: 0 }, { parentSampled: true }, true],
  ['a caller who does not, too', { parentBased: true, ratio: 1 }, { parentSampled: false }, false],
  [
    'on the internal API as well',
    { parentBased: true, ratio: 0 },
    { parentSampled: true, route: '/internal/v1/rotate' },
    true,
  ],
  [
    'without a parent-based sampler the caller does not decide',
    { parentBased: false, ratio: 1 },
    { parentSampled: false },
    true,
  ],
  [
    'no trace begins with an internal call',
    { parentBased: true, ratio: 1 },
    { route: '/internal/v1/rotate' },
    false,
  ],
  ['nor with a scrape', { parentBased: false, ratio: 1 }, { route: '/metrics' }, false],
  ['nor where there is no route', { parentBased: false, ratio: 1 }, { route: '' }, false],
])('%s', (_, sampling, request, sampled) => {
  expect(decide(sampling, request)).toBe(sampled)
})
