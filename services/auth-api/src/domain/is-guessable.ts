/**
 * The most frequent words in leaked passwords, in English and Indonesian, without digits and signs.
 */
const WORDS = `
  password passwort passwd contrasena senha sandi katasandi rahasia secret pass admin
  administrator root user guest test demo default login welcome letmein changeme hello
  iloveyou ilove loveyou love lover sayang cinta sayangku aku kamu princess monkey dragon
  master shadow sunshine football baseball basketball soccer hockey superman batman
  spiderman pokemon naruto starwars trustno access flower freedom whatever computer
  internet server system oracle cisco samsung google facebook microsoft windows linkedin
  adobe apple android iphone michael jordan jessica ashley nicole daniel thomas charlie
  andrew robert jennifer hunter killer pepper ginger summer winter spring autumn january
  february march april june july august september october november december monday tuesday
  wednesday thursday friday saturday sunday mustang corvette ferrari porsche mercedes
  yamaha honda chelsea liverpool arsenal barcelona juventus realmadrid indonesia jakarta
  bandung surabaya garuda merdeka america london paris berlin cheese cookie chocolate
  banana orange apples butterfly angel angels baby babygirl boy girl family friends jesus
  christ god blessed faith allah bismillah muhammad lovely beautiful forever money lucky
  secure security qwerty qwertz azerty asdf zxcvbn abc abcd xyz matrix hacker ninja
  phoenix tigger tiger lion eagle falcon wolf panther snoopy mickey donald buster maggie
  bailey harley jordan correcthorsebatterystaple company office work home house temp
  temporary new old my the one two three
`
  .trim()
  .split(/\s+/)
  .toSorted((one, other) => other.length - one.length)

const ROWS = [
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'yxcvbnm',
  '1234567890',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujmikolp',
  '1q2w3e4r5t6y7u8i9o0p',
].flatMap((row) => [row, Array.from(row).toReversed().join('')])
const SIGNS: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
}
const FEWEST_PARTS = 8
const FEWEST_DISTINCT = 5

/**
 * Whether a password consists of what guessers try first: common words (also with digits for
 * letters), the user name, repeats and sequences of characters. Each of these counts as one
 * character; a password with fewer than eight is guessable.
 */
export function isGuessable(password: string, username: string): boolean {
  const plain = Array.from(password.normalize('NFKC').toLowerCase()).filter(
    (character) => !/[\s\p{Pd}_.,]/u.test(character),
  )
  if (new Set(plain).size < FEWEST_DISTINCT) return true
  const names = username
    .normalize('NFKC')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((name) => name.length > 2)
  return countParts(toUnit(plain), [...names, ...WORDS]) < FEWEST_PARTS
}

function countParts(plain: readonly string[], words: readonly string[]): number {
  const text = plain.join('')
  const folded = plain.map((character) => SIGNS[character] ?? character).join('')
  let parts = 0
  for (let at = 0; at < text.length; parts += 1) {
    const word = words.find(
      (candidate) => folded.startsWith(candidate, at) || text.startsWith(candidate, at),
    )
    at += Math.max(word?.length ?? 1, measureRun(text, at))
  }
  return parts
}

/**
 * Returns the length of a sequence such as `aaaa`, `abcd`, `4321` or `qwer` at a position; 1 when
 * there is none of at least three characters.
 */
function measureRun(text: string, at: number): number {
  const step = text.charCodeAt(at + 1) - text.charCodeAt(at)
  let run = 2
  if (Math.abs(step) > 1) run = 1
  else while (text.charCodeAt(at + run) - text.charCodeAt(at + run - 1) === step) run += 1
  for (const row of ROWS) {
    let length = 3
    while (at + length <= text.length && row.includes(text.slice(at, at + length))) length += 1
    run = Math.max(run, length - 1)
  }
  return run >= 3 ? run : 1
}

/** Returns the repeated part: `abc` for `abcabcabc`. */
function toUnit(characters: readonly string[]): readonly string[] {
  for (let size = 1; size <= characters.length / 2; size += 1) {
    if (characters.every((character, i) => character === characters[i % size]))
      return characters.slice(0, size)
  }
  return characters
}
