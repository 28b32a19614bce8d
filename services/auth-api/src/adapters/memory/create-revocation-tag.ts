/**
 * Creates a tag over a set of sessions and their ends, equal in every process. It is the XOR of a
 * hash of each member: independent of their order, and updated without reading all members.
 *
 * The hash is cyrb128. A cryptographic hash would take ten times as long and is not needed: the ids
 * are random and ours, so an attacker cannot choose two that cancel each other out.
 */
export function createRevocationTag() {
  const lanes = new Int32Array(4)

  return {
    read: () => Buffer.from(lanes.buffer).toString('base64url'),
    /**
     * Adds a member, or removes one that was added with the same `endMs`. The end is a part of the
     * hash, so that a longer end changes the tag. `endMs`: as token-store reports it, the same in
     * every process; NaN until then.
     */
    toggle(sessionId: string, endMs: number): void {
      let h1 = 1_779_033_703
      let h2 = 3_144_134_277
      let h3 = 1_013_904_242
      let h4 = 2_773_480_762
      const high = Math.floor(endMs / 2 ** 32)
      for (let index = -2; index < sessionId.length; index += 1) {
        const part =
          index >= 0 ? sessionId.charCodeAt(index) : index === -2 ? high : endMs % 2 ** 32
        h1 = h2 ^ Math.imul(h1 ^ part, 597_399_067)
        h2 = h3 ^ Math.imul(h2 ^ part, 2_869_860_233)
        h3 = h4 ^ Math.imul(h3 ^ part, 951_274_213)
        h4 = h1 ^ Math.imul(h4 ^ part, 2_716_044_179)
      }
      h1 = Math.imul(h3 ^ (h1 >>> 18), 597_399_067)
      h2 = Math.imul(h4 ^ (h2 >>> 22), 2_869_860_233)
      h3 = Math.imul(h1 ^ (h3 >>> 17), 951_274_213)
      h4 = Math.imul(h2 ^ (h4 >>> 19), 2_716_044_179)
      const all = h1 ^ h2 ^ h3 ^ h4
      lanes[0] = (lanes[0] ?? 0) ^ all
      lanes[1] = (lanes[1] ?? 0) ^ h2 ^ all
      lanes[2] = (lanes[2] ?? 0) ^ h3 ^ all
      lanes[3] = (lanes[3] ?? 0) ^ h4 ^ all
    },
  }
}
