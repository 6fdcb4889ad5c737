export interface ChallengeQuestion {
  readonly cookie: string;
  /** Digits, hexadecimal digits and a dot. */
  readonly question: string;
  readonly difficulty: number;
  readonly seconds: number;
}

/**
 * A page that looks for the answer, keeps it as a cookie and loads itself again. It has SHA-256 of its own, since
 * WebCrypto is not there on plain HTTP, and is slower for texts as short as these.
 */
export function renderChallengePage({ cookie, question, difficulty, seconds }: ChallengeQuestion): string {
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>One moment</title><style>body{font:16px/1.5 system-ui;margin:20vh auto;max-width:30em;padding:0 1em}</style></head>
<body><h1>One moment</h1><p id="text">Your browser is being checked. This takes some seconds, and happens by itself.</p>
<noscript><p>It needs JavaScript.</p></noscript>
<script>
${SOLVER}
const question = ${JSON.stringify(question)};
let next = 0;
function work() {
  const until = Date.now() + 50;
  while (Date.now() < until) {
    if (Math.clz32(sha256(question + "." + next)) >= ${difficulty}) {
      document.cookie = ${JSON.stringify(cookie)} + "=" + question + "." + next + "; path=/; max-age=${seconds}; samesite=lax" +
        (location.protocol === "https:" ? "; secure" : "");
      if (document.cookie.includes(${JSON.stringify(cookie)} + "=")) location.reload();
      else document.getElementById("text").textContent = "Cookies must be allowed for this page.";
      return;
    }
    next++;
  }
  setTimeout(work);
}
work();
</script></body></html>
`;
}

/**
 * FIPS 180-4, section 6.2: the first word of the SHA-256 of an ASCII text. The constants are the fractions of roots of
 * the first primes, as the standard says.
 */
export const SOLVER = `
const primes = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((p) => n % p)) primes.push(n);
const fraction = (root) => Math.floor((root - Math.floor(root)) * 4294967296) | 0;
const K = primes.map((p) => fraction(Math.cbrt(p)));
const H = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)));
const turn = (x, n) => (x >>> n) | (x << (32 - n));
const W = new Int32Array(64);
function sha256(text) {
  const blocks = ((text.length + 8) >> 6) + 1;
  const M = new Int32Array(blocks * 16);
  for (let i = 0; i < text.length; i++) M[i >> 2] |= text.charCodeAt(i) << (24 - (i % 4) * 8);
  M[text.length >> 2] |= 0x80 << (24 - (text.length % 4) * 8);
  M[blocks * 16 - 1] = text.length * 8;
  const state = H.slice();
  for (let at = 0; at < M.length; at += 16) {
    for (let i = 0; i < 64; i++) {
      if (i < 16) W[i] = M[at + i];
      else {
        const a = W[i - 15], b = W[i - 2];
        W[i] = W[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + W[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
      }
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] = (state[i] + value) | 0; });
  }
  return state[0];
}`;
