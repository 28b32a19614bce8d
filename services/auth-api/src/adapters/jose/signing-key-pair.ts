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

/** Generates a key pair. The kid is the thumbprint of the key (RFC 7638). */
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

/** Imports a private key that cannot be exported again. */
export function importPrivateKey(pkcs8: Buffer): Promise<CryptoKey> {
  return importPKCS8(pkcs8.toString('utf8'), ALG, { extractable: false })
}

/** Imports a public key from its JWK. */
export async function importPublicKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, ALG)
  if (key instanceof Uint8Array) throw new TypeError('Stored public key is a symmetric key')
  return key
}
