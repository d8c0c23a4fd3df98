/**
 * SHA-256 as 64 hex digits; text is hashed as UTF-8. For texts of some kilobytes: where Node is there, its own is faster.
 * Source: FIPS 180-4 (2015), sections 4.1.2, 5.1.1 and 6.2.
 */
export function sha256(content: Uint8Array | string): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const blocks = padded(bytes);
  const state = Uint32Array.from(initialState);
  const schedule = new Uint32Array(64);
  for (let at = 0; at < blocks.byteLength; at += blockBytes) addBlock(state, schedule, new DataView(blocks, at));
  return [...state].map((word) => word.toString(16).padStart(8, "0")).join("");
}

const blockBytes = 64;

/** The content, a bit 1, zeros, and the content's length in bits: whole blocks. */
function padded(bytes: Uint8Array): ArrayBuffer {
  const blocks = new ArrayBuffer(Math.ceil((bytes.length + 9) / blockBytes) * blockBytes);
  const copy = new Uint8Array(blocks);
  copy.set(bytes);
  copy[bytes.length] = 0x80;
  new DataView(blocks).setBigUint64(blocks.byteLength - 8, BigInt(bytes.length) * 8n);
  return blocks;
}

/** Names are the standard's: W is `w`, the working variables are a to h. */
function addBlock(state: Uint32Array, w: Uint32Array, block: DataView): void {
  for (let t = 0; t < 16; t++) w[t] = block.getUint32(4 * t);
  for (let t = 16; t < 64; t++) {
    const [x, y] = [w[t - 15]!, w[t - 2]!];
    const s0 = rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3);
    const s1 = rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10);
    w[t] = w[t - 16]! + s0 + w[t - 7]! + s1;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < 64; t++) {
    const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + roundConstants[t]! + w[t]!) | 0;
    const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) state[i]! += value;
}

const rotated = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

/** First 32 bits of the fractional parts of the `root`-th roots of the first primes: 5.3.3 and 4.2.2. */
function rootFractions(count: number, root: 2 | 3): readonly number[] {
  return primes.slice(0, count).map((prime) => Number(rootOf(BigInt(prime) << BigInt(32 * root), root) & 0xffffffffn));
}

/** The largest whole number whose `root`-th power is not above `value`. */
function rootOf(value: bigint, root: 2 | 3): bigint {
  let found = 0n;
  for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) if ((found + bit) ** BigInt(root) <= value) found += bit;
  return found;
}

const primes = Array.from({ length: 312 }, (_, i) => i).filter(
  (n) => n > 1 && !Array.from({ length: n }, (_, i) => i).some((d) => d > 1 && d * d <= n && n % d === 0),
);
const initialState = rootFractions(8, 2);
const roundConstants = rootFractions(64, 3);
