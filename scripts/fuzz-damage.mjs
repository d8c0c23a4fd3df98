// Inputs for fuzz-binary.mjs: a good file with one to four changes.
import { randomFrom } from "./fuzz-workers.mjs";

const words = [
  0, 1, 2, 3, 4, 7, 8, 16, 255, 256, 0x7f, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

/** The input of this number: a seed of the parser, damaged, and mostly with its sums and lengths made right again. */
export function damaged(parser, seed, index) {
  const random = randomFrom(seed * 1_000_003 + index);
  const context = {
    random,
    pick: (list) => list[Math.floor(random() * list.length)],
    seeds: parser.seeds,
    tokens: parser.tokens,
  };
  let bytes = context.pick(parser.seeds);
  for (let changes = 1 + Math.floor(random() ** 2 * 4); changes > 0; changes--) bytes = damage(bytes, context);
  // Without this most inputs would end at the first checksum.
  return parser.mend !== undefined && random() < 0.8 ? parser.mend(bytes) : bytes;
}

function damage(bytes, { random, pick, seeds, tokens }) {
  const at = Math.floor(random() * bytes.length);
  const length = 1 + Math.floor(random() ** 3 * 64);
  const changed = bytes.slice();
  const view = new DataView(changed.buffer);
  switch (Math.floor(random() * (tokens === undefined ? 10 : 13))) {
    case 0:
      changed[at] = Math.floor(random() * 256);
      return changed;
    case 1:
      changed[at] ^= 1 << Math.floor(random() * 8);
      return changed;
    case 2:
    case 3:
    case 4: {
      // A word of the file, most often a count, a size or an offset.
      const aligned = at - (at % 4);
      if (aligned + 4 > bytes.length) return changed;
      const old = view.getUint32(aligned, true);
      const near = pick([old + 1, old - 1, old * 2, old + 4, old + 8, bytes.length, bytes.length - aligned, aligned]);
      view.setUint32(aligned, random() < 0.5 ? pick(words) : near >>> 0, true);
      return changed;
    }
    case 5:
      return bytes.slice(0, at);
    case 6:
      return joined(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + length)));
    case 7:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at));
    case 8: {
      // A piece of another good file.
      const other = pick(seeds);
      const from = Math.floor(random() * other.length);
      return joined(
        bytes.subarray(0, at),
        other.subarray(from, from + length),
        bytes.subarray(random() < 0.5 ? at : at + length),
      );
    }
    case 9:
      changed.fill(pick([0, 0xff]), at, at + length);
      return changed;
    default: {
      const token = new TextEncoder().encode(pick(tokens));
      return joined(bytes.subarray(0, at), token, bytes.subarray(random() < 0.5 ? at : at + token.length));
    }
  }
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
