import {
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importJWK,
  importPKCS8,
  type CryptoKey,
  type JWK,
} from 'jose'
import type { GenerateSigningKey } from '../../ports/signing-keys.ts'

const ALG = 'ES256'

/** The kid is the thumbprint of the key (RFC 7638). */
export const generateSigningKey: GenerateSigningKey = async () => {
  const { publicKey, privateKey } = await generateKeyPair(ALG, { extractable: true })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return {
    kid,
    publicJwk: { ...jwk, kid, alg: ALG, use: 'sig' },
    pkcs8: Buffer.from(await exportPKCS8(privateKey)),
  }
}

/** Into memory, from where it cannot be read again. */
export function importPrivateKey(pkcs8: Buffer): Promise<CryptoKey> {
  return importPKCS8(pkcs8.toString('utf8'), ALG, { extractable: false })
}

export async function importPublicKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, ALG)
  if (key instanceof Uint8Array) throw new TypeError('A stored public key is no public key')
  return key
}
