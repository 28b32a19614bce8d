import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { ARGON2_COST, createArgon2Passwords } from './create-argon2-passwords.ts'
import { createDeviceProofs } from './create-device-proofs.ts'
import { createBoundedQueue } from './create-bounded-queue.ts'
import { createHashUsername } from './create-hash-username.ts'
import { createKeyVault } from './create-key-vault.ts'
import { parsePhc } from './phc.ts'

const cheap = { memoryKib: 64, passes: 1, parallelism: 1 }

describe('passwords', () => {
  const passwords = createArgon2Passwords({ randomBytes, cost: cheap })

  test('a hash is an argon2id PHC string with its own salt', async () => {
    const [one, other] = [await passwords.hash('secret'), await passwords.hash('secret')]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(one).not.toBe(other)
  })

  test('only the whole password matches', async () => {
    const hash = await passwords.hash('x'.repeat(256))
    expect(await passwords.verify('x'.repeat(256), hash)).toEqual({
      matches: true,
      outdated: false,
    })
    expect(await passwords.verify(`${'x'.repeat(255)}y`, hash)).toEqual({
      matches: false,
      outdated: false,
    })
  })

  test('the same text in another Unicode form is the same password', async () => {
    expect(
      await passwords.verify('A\u030Angstrom', await passwords.hash('\u212Bngstrom')),
    ).toMatchObject({ matches: true })
  })

  test('a hash with other parameters matches and is reported as outdated', async () => {
    const stronger = createArgon2Passwords({ randomBytes, cost: { ...cheap, passes: 2 } })
    const hash = await passwords.hash('secret')
    expect(await stronger.verify('secret', hash)).toEqual({ matches: true, outdated: true })
    expect(await stronger.verify('wrong', hash)).toEqual({ matches: false, outdated: false })
    expect(await stronger.verify('secret', await stronger.hash('secret'))).toEqual({
      matches: true,
      outdated: false,
    })
  })

  test('an unknown user takes the same work and never matches', async () => {
    const { salt, tag } =
      parsePhc(await passwords.hash('secret')) ?? expect.fail('not a PHC string')
    const drawn = [salt, tag]
    const unlucky = createArgon2Passwords({
      randomBytes: (size) => drawn.shift() ?? randomBytes(size),
      cost: cheap,
    })
    expect(await unlucky.verify('secret', undefined)).toEqual({ matches: false, outdated: false })

    const real = createArgon2Passwords({ randomBytes })
    const hash = await real.hash('secret')
    expect(parsePhc(hash)?.cost).toEqual(ARGON2_COST)
    // Counts work, not time: the machine may pause.
    const workOf = async (stored: string | undefined) => {
      const before = process.cpuUsage()
      await real.verify('wrong', stored)
      return process.cpuUsage(before).user
    }
    const [known, unknown] = [await workOf(hash), await workOf(undefined)]
    // Without the dummy it would take microseconds.
    expect(unknown).toBeGreaterThan(known / 5)
  })

  test('the hash equals the argon2id reference vector', async () => {
    // echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32
    const hash =
      '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect(await passwords.verify('password', hash)).toEqual({ matches: true, outdated: true })
  })
})

describe('the proof of a known device', () => {
  const DAY_MS = 86_400_000
  const hashUsername = createHashUsername({ key: randomBytes(32) })
  const clock = { nowMs: () => days * DAY_MS }
  let days = 20_000
  const proofs = createDeviceProofs({ hashUsername, randomBytes, clock })
  beforeEach(() => {
    days = 20_000
  })

  test('names the same device each time, and is valid for its user only', () => {
    const proof = proofs.issue('ada')
    expect(proofs.check(proof, 'ada')).toBe(proof.split('.')[0])
    expect(proofs.check(proofs.issue('ada'), 'ada')).not.toBe(proof.split('.')[0])
    expect(proofs.check(proof, 'bob')).toBeUndefined()
  })
  test('expires with the cookie, and is renewed for the same device at each sign-in', () => {
    const proof = proofs.issue('ada')
    const id = proofs.check(proof, 'ada')
    days += 180
    expect(proofs.check(proof, 'ada')).toBe(id)
    const renewed = proofs.issue('ada', id)
    days += 1
    expect(proofs.check(proof, 'ada')).toBeUndefined()
    expect(proofs.check(renewed, 'ada')).toBe(id)
  })
  test('cannot get another date, and is valid after a clock was ahead', () => {
    const proof = proofs.issue('ada')
    expect(proofs.check(proof.replace('.20000.', '.20001.'), 'ada')).toBeUndefined()
    days -= 1
    expect(proofs.check(proof, 'ada')).toBeDefined()
  })
  test('is valid for one user only, even when a user name imitates a part of it', () => {
    const [id = '', day = '', mac = ''] = proofs.issue('20000 ada').split('.')
    for (const forged of [
      `${id} ${day}.20000.${mac}`,
      `${id}.${day} 20000.${mac}`,
      `${id}.${day}.${mac}`,
    ]) {
      expect(proofs.check(forged, 'ada')).toBeUndefined()
    }
  })
  test('in the old format without a date is refused without an error', () => {
    const id = randomBytes(16).toString('base64url')
    const old = `${id}.${hashUsername(`\u0000device ${id} ada`)}`
    expect(proofs.check(old, 'ada')).toBeUndefined()
  })
  test.each(['', '.', 'a', 'a.b', 'a.b.c', 'é.ü'])('is refused when forged: "%s"', (proof) => {
    expect(proofs.check(proof, 'ada')).toBeUndefined()
  })
})

describe('the bounded queue', () => {
  function controlled() {
    const started: number[] = []
    const ends: (() => void)[] = []
    const work = (id: number) => () =>
      new Promise<number>((resolve) => {
        started.push(id)
        ends.push(() => resolve(id))
      })
    return { started, ends, work }
  }

  test('runs as many at once as allowed, the others in order, and refuses more than it can hold', async () => {
    const queue = createBoundedQueue({ concurrency: 2, maxWaiting: 2 })
    const { started, ends, work } = controlled()
    const results = [1, 2, 3, 4].map((id) => queue.run(work(id)))
    expect(started).toEqual([1, 2])
    await expect(queue.run(work(5))).rejects.toMatchObject({ code: 'unavailable' })
    ends[1]?.()
    await expect.poll(() => started).toEqual([1, 2, 3])
    ends[0]?.()
    await expect.poll(() => started).toEqual([1, 2, 3, 4])
    for (const end of ends) end()
    expect(await Promise.all(results)).toEqual([1, 2, 3, 4])
  })

  test('never runs more at once, even when new work arrives while other work waits', async () => {
    const queue = createBoundedQueue({ concurrency: 2, maxWaiting: 100 })
    let [running, most] = [0, 0]
    const work = async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }
    await Promise.all(Array.from({ length: 20 }, () => queue.run(work).then(() => queue.run(work))))
    expect([running, most]).toEqual([0, 2])
  })

  test('work whose deadline ends leaves the queue, and later work moves up', async () => {
    const queue = createBoundedQueue({ concurrency: 1, maxWaiting: 2 })
    const { started, ends, work } = controlled()
    const deadline = new AbortController()
    const [first, second, third] = [
      queue.run(work(1), { deadline: deadline.signal }),
      queue.run(work(2), { deadline: deadline.signal }),
      queue.run(work(3)),
    ]
    deadline.abort()
    await expect(second).rejects.toMatchObject({ code: 'unavailable' })
    await expect(queue.run(work(4), { deadline: deadline.signal })).rejects.toMatchObject({
      code: 'unavailable',
    })
    ends[0]?.()
    await expect.poll(() => started).toEqual([1, 3])
    ends[1]?.()
    expect([await first, await third]).toEqual([1, 3])
  })

  test('runs "first" work before all waiting work', async () => {
    const queue = createBoundedQueue({ concurrency: 1, maxWaiting: 1 })
    const { started, ends, work } = controlled()
    const results = [queue.run(work(1)), queue.run(work(2)), queue.run(work(3), { first: true })]
    expect(queue.isFull()).toBe(true)
    await expect(queue.run(work(4))).rejects.toMatchObject({ code: 'unavailable' })
    ends[0]?.()
    await expect.poll(() => started).toEqual([1, 3])
    ends[1]?.()
    await expect.poll(() => started).toEqual([1, 3, 2])
    ends[2]?.()
    expect(await Promise.all(results)).toEqual([1, 2, 3])
    expect(queue.isFull()).toBe(false)
  })

  test('continues after a failure', async () => {
    const queue = createBoundedQueue({ concurrency: 1, maxWaiting: 1 })
    const failed = queue.run(() => Promise.reject(new Error('no')))
    const next = queue.run(async () => 'yes')
    await expect(failed).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })
})

describe('the key vault', () => {
  const keys = {
    old: { kid: 'old', key: randomBytes(32) },
    young: { kid: 'young', key: randomBytes(48) },
  }
  const vaultOf = (...encryptionKeys: { kid: string; key: Buffer }[]) =>
    createKeyVault({ encryptionKeys, randomBytes })
  const plain = Buffer.from('private')

  test('opens a sealed box, also after its key has become the second one', () => {
    const sealed = vaultOf(keys.old).seal('k1', plain)
    expect(sealed.box.includes(plain)).toBe(false)
    expect(vaultOf(keys.young, keys.old).open('k1', sealed)).toEqual(plain)
    expect(vaultOf(keys.young, keys.old).seal('k1', plain).encryptionKid).toBe('young')
  })

  test('opens no box that was changed or belongs to another row', () => {
    const vault = vaultOf(keys.old)
    const sealed = vault.seal('k1', plain)
    expect(() => vault.open('k2', sealed)).toThrow(/SIGNING_KEY_ENCRYPTION_KEYS/)
    for (let at = 0; at < sealed.box.length; at++) {
      const box = Buffer.from(sealed.box)
      box[at] = (box[at] ?? 0) ^ 1
      expect(() => vault.open('k1', { ...sealed, box })).toThrow(/SIGNING_KEY_ENCRYPTION_KEYS/)
    }
    expect(() => vault.open('k1', { ...sealed, box: sealed.box.subarray(0, 20) })).toThrow(
      /tag length/,
    )
  })

  test('names the missing key', () => {
    expect(() => vaultOf(keys.young).open('k1', vaultOf(keys.old).seal('k1', plain))).toThrow(
      'has no key old',
    )
  })
})

test('a user name is hashed under its key', () => {
  const hash = createHashUsername({ key: Buffer.alloc(32, 1) })
  expect(hash('ada')).toMatch(/^[\w-]{43}$/)
  expect(hash('ada')).not.toBe(createHashUsername({ key: Buffer.alloc(32, 2) })('ada'))
})
