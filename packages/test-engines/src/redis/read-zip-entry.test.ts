import { expect, test } from 'vitest'
import { readZipEntry } from './read-zip-entry.ts'

/**
 * `stored.txt` as it is, `deflated.txt` compressed; made by Python's zipfile, with a comment at its
 * end.
 */
const ZIP = Buffer.from(
  'UEsDBBQAAAAAAGhsd12zJE6WCAAAAAgAAAAKAAAAc3RvcmVkLnR4dGFzIGl0IGlzUEsDBBQAAAAIAGhsd12GVEGmDAAAACwBAAAMAAAAZGVmbGF0ZWQudHh0S0xPzMxTSBwliSABUEsBAhQDFAAAAAAAaGx3XbMkTpYIAAAACAAAAAoAAAAAAAAAAAAAAIABAAAAAHN0b3JlZC50eHRQSwECFAMUAAAACABobHddhlRBpgwAAAAsAQAADAAAAAAAAAAAAAAAgAEwAAAAZGVmbGF0ZWQudHh0UEsFBgAAAAACAAIAcgAAAGYAAAAJAGEgY29tbWVudA==',
  'base64',
)

test('a stored and a compressed file come out as they went in', () => {
  expect(readZipEntry(ZIP, 'stored.txt').toString()).toBe('as it is')
  expect(readZipEntry(ZIP, 'deflated.txt').toString()).toBe('again '.repeat(50))
})

test('a file that is not there, and what is no archive, are told', () => {
  expect(() => readZipEntry(ZIP, 'other.txt')).toThrow('The archive has no other.txt')
  expect(() => readZipEntry(Buffer.from('no archive'), 'stored.txt')).toThrow('not a zip archive')
})
