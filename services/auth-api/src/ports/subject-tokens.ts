import type { SubjectClaims, TrustedIssuer } from '../domain/trusted-issuer.ts'

export type SubjectTokenCheck =
  | {
      outcome: 'verified'
      issuer: TrustedIssuer
      claims: SubjectClaims
      /** identifies the token, whatever its signature: an ECDSA signature has several forms */
      hash: Buffer
      /** when the token is no longer accepted (Unix ms) */
      endsAtMs: number
    }
  | {
      outcome: 'refused'
      because: SubjectTokenFault
      /** whether the signature is the issuer's */
      authentic: boolean
    }
  /** the keys of the issuer could not be read */
  | { outcome: 'issuer_unavailable'; issuer: string; cause: unknown }

/** Why a subject token is refused, for its sender. */
export type SubjectTokenFault =
  | 'it is not a signed JWT'
  | 'its issuer is not trusted'
  | 'its algorithm is not allowed'
  | 'its signature is not valid'
  | 'it is for another audience'
  | 'it has expired'
  | 'it was issued more than 10 minutes ago or in the future'
  | 'it is not an ID token'
  | 'a claim is missing or not valid'
  | 'it was used before'

/** Verifies an ID token or JWT of a trusted issuer. */
export type VerifySubjectToken = (token: string) => Promise<SubjectTokenCheck>

/** Subject tokens are used once. All methods throw `CodedError('unavailable')`. */
export interface UsedSubjectTokens {
  /**
   * Claims a token for this exchange, for 30 s: after a crash it can be exchanged again. Exactly one
   * of several concurrent calls gets `claimed`.
   */
  claim(token: Readonly<{ hash: Buffer; endsAtMs: number }>): Promise<'claimed' | 'busy' | 'used'>
  /**
   * Marks a claimed token as used, before its session is handed out. Returns `false` when another
   * exchange was faster, after a pause of this process.
   */
  confirm(hash: Buffer): Promise<boolean>
  /** Gives a claimed token back after a failure. */
  release(hash: Buffer): Promise<void>
}
