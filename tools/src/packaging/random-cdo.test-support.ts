import { block, cdoFile } from "./sample-cdo.test-support.ts";

/**
 * Three CDO files of random commands at random addresses of an NPU's array: every kind that aie-translate writes, those that
 * bootgen makes of them, and lengths around the limit of 255 words.
 */
export function randomCdo(seed: number): readonly Uint8Array[] {
  const below = randomBelow(seed);
  const word = (): number => below(2 ** 32);
  const address = (): number => below(8) * 2 ** 25 + below(6) * 2 ** 20 + below(2 ** 18) * 4;
  const words = (count: number): number[] => Array.from({ length: count }, word);
  const commands: readonly (() => number[])[] = [
    () => [0x00030108, 0, address(), word()],
    () => [0x00040107, 0, address(), word(), word()],
    () => [0x00020103, address(), word()],
    () => [0x00030102, address(), word(), word()],
    () => block(address(), words(1 + below(20))),
    () => block(address(), words(248 + below(10))),
    () => block(address(), words(1 + below(2))),
    // The long form of a short block.
    () => [0x00ff0105, 6, 0, address(), ...words(4)],
    () => nop(words(below(6))),
    () => [0x00ff0111, 300, ...words(300)],
    () => [0x00050106, 0, address(), word(), word(), below(1000)],
    () => [0x00050101, address(), word(), word(), below(1000), below(2)],
  ];
  return Array.from({ length: 3 }, () => {
    const chosen = Array.from({ length: 1 + below(40) }, () => commands[below(commands.length)]);
    return cdoFile(chosen.flatMap((command) => command?.() ?? []));
  });
}

function nop(words: readonly number[]): number[] {
  return [(words.length << 16) | 0x111, ...words];
}

/** Mulberry32. */
function randomBelow(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
