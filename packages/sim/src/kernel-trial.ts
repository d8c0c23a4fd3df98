import { pointerSlotBytes } from "./core-emitter.ts";
import { bufferBehind, type KernelSite } from "./kernel-site.ts";
import type { TileMemory } from "./tile-memory.ts";

/** A byte of the memory of a pointer slot. */
export interface BytePlace {
  readonly slot: number;
  readonly address: number;
}

type Area = "argument" | "stack" | "outside";

interface TrialResult {
  readonly value: number | bigint | undefined;
  /** Bytes of the core's stack that calls have used, this one included; where they can be told, those for registers left out. */
  readonly stackUsed: number;
  /** First byte beside the arguments that was written, and how many there are up to the next untouched one. */
  readonly written: (BytePlace & { readonly count: number }) | undefined;
  /** A byte that the result was made of and that the kernel must not read. */
  readonly read: (BytePlace & { readonly area: Area }) | undefined;
}

/** Bytes that differ from 0 everywhere, so that a byte that is changed by them is another one. */
const noise = makeNoise(512 * 1024);

/** One memory before the call, after it, and what is changed for the second run. */
interface Image {
  readonly memory: TileMemory;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** 0xff: changed for the second run. */
  readonly changed: Uint8Array;
  /** 0xff: neither argument nor statics nor stack. */
  readonly outside: Uint8Array;
}

/** Runs calls of one site twice. What is left in memory and in registers, counters among them, is what the first run left. */
export class KernelTrial {
  readonly #site: KernelSite;
  readonly #images: readonly Image[];
  /** Bytes of the core's memory that are its stack: [from, end). None where the stack has a page of its own. */
  readonly #stack: { readonly from: number; readonly end: number };
  /** Before the call. */
  #registers: readonly (number | bigint)[] = [];
  #argumentsOf: string | undefined;
  #arguments: readonly (BytePlace & { readonly bytes: number })[] = [];

  constructor(site: KernelSite) {
    this.#site = site;
    const { from, end } = site.module!.stack ?? { from: 0, end: site.core.stackBytes };
    this.#stack = end > site.memories[0]!.sizeBytes ? { from: 0, end: 0 } : { from, end };
    this.#images = site.memories.map((memory) => {
      const bytes = (): Uint8Array => new Uint8Array(memory.sizeBytes);
      return { memory, before: bytes(), after: bytes(), changed: bytes(), outside: bytes() };
    });
  }

  run(call: () => number | bigint | undefined, pointers: readonly number[]): TrialResult {
    const { from, end } = this.#stack;
    const own = this.#images[0]!;
    own.memory.bytes.set(noise.subarray(from, end), from);
    this.#begin(pointers);
    this.#registers = this.#registersNow();
    const value = call();
    const registers = this.#registersNow();
    for (const { memory, after } of this.#images) after.set(memory.bytes);
    const lowest = (): number => own.after.findIndex((byte, i) => i >= end || (i >= from && byte !== noise[i]));
    const stackUsed = this.#site.module!.stack?.used() ?? Math.max(0, end - lowest());

    const second = this.#again(call, value);
    const written = this.#written();
    const differs = second.trapped || second.value !== value || this.#differs();
    const read = differs && !written ? this.#findRead(call, value) : undefined;
    if (!differs) this.#define();
    for (const { memory, after } of this.#images) memory.bytes.set(after);
    this.#setRegisters(registers);
    return { value, stackUsed, written, read };
  }

  /**
   * The call that `run` was last asked for, once more with another value in a register that it may find as any earlier
   * kernel left it. The first byte of its arguments that comes out otherwise, and how many do; all is left as `run` left it.
   */
  runWithRegister(
    call: () => number | bigint | undefined,
    { index, value }: { readonly index: number; readonly value: number },
  ): (BytePlace & { readonly count: number }) | undefined {
    const registers = this.#registersNow();
    this.#setRegisters(this.#registers.map((before, i) => (i === index ? value : before)));
    for (const { memory, before } of this.#images) memory.bytes.set(before);
    try {
      call();
      const differs = this.#arguments.flatMap(({ slot, address, bytes }) => {
        const { memory, after } = this.#images[slot]!;
        const places = Array.from({ length: bytes }, (_, i) => address + i);
        return places.filter((at) => memory.bytes[at] !== after[at]).map((at) => ({ slot, address: at }));
      });
      return differs[0] && { ...differs[0], count: differs.length };
    } catch {
      return undefined;
    } finally {
      for (const { memory, after } of this.#images) memory.bytes.set(after);
      this.#setRegisters(registers);
    }
  }

  /** The first byte of [from, end) that the call that `run` was last asked for has changed. */
  firstWrite({ slot, from, end }: { readonly slot: number; readonly from: number; readonly end: number }) {
    const { before, after } = this.#images[slot]!;
    for (let i = from; i < end; i++) if (before[i] !== after[i]) return i;
    return undefined;
  }

  /** What a register held before the call that `run` was last asked for. */
  registerBefore(index: number): number {
    return Number(this.#registers[index] ?? 0);
  }

  #begin(pointers: readonly number[]): void {
    const key = pointers.join();
    if (key !== this.#argumentsOf) this.#markOutside(pointers);
    this.#argumentsOf = key;
    for (const { memory, before, changed, outside } of this.#images) {
      before.set(memory.bytes);
      changed.set(outside);
    }
    for (const { slot, address, bytes } of this.#arguments) {
      const { memory, changed } = this.#images[slot]!;
      if (memory.shadow) changed.set(memory.shadow.bytes.subarray(address, address + bytes), address);
    }
    this.#images[0]!.changed.fill(0xff, this.#stack.from, this.#stack.end);
  }

  #markOutside(pointers: readonly number[]): void {
    for (const { outside } of this.#images) outside.fill(0xff);
    const own = this.#images[0]!;
    own.outside.fill(0, this.#stack.from, this.#stack.end);
    own.outside.fill(0, own.memory.buffersEnd, this.#site.module!.staticsEnd ?? own.memory.sizeBytes);
    this.#arguments = pointers.flatMap((pointer) => {
      const buffer = bufferBehind(this.#site.memories, pointer);
      const slot = Math.floor(pointer / pointerSlotBytes);
      return buffer ? [{ slot, address: buffer.address, bytes: buffer.bytes }] : [];
    });
    for (const { slot, address, bytes } of this.#arguments)
      this.#images[slot]!.outside.fill(0, address, address + bytes);
  }

  /** The call with the first `most` of the bytes that may be changed changed. */
  #again(call: () => number | bigint | undefined, value: number | bigint | undefined, most = Number.POSITIVE_INFINITY) {
    let left = most;
    this.#setRegisters(this.#registers);
    for (const { memory, before, changed } of this.#images) {
      const { words, bytes } = memory;
      bytes.set(before);
      if (left === Number.POSITIVE_INFINITY) {
        const [mask, other] = [new Uint32Array(changed.buffer), new Uint32Array(noise.buffer)];
        for (let i = 0; i < words.length; i++) words[i]! ^= mask[i]! & ~other[i]! & 0xffffffff;
        continue;
      }
      for (let i = 0; i < bytes.length && left > 0; i++) {
        if (changed[i] === 0) continue;
        bytes[i]! ^= ~noise[i]!;
        left--;
      }
    }
    try {
      return { trapped: false, value: call() };
    } catch {
      return { trapped: true, value };
    }
  }

  #registersNow(): (number | bigint)[] {
    return (this.#site.module!.registers ?? []).map(({ global }) => global.value);
  }

  #setRegisters(values: readonly (number | bigint)[]): void {
    this.#site.module!.registers?.forEach(({ global }, i) => {
      global.value = values[i]!;
    });
  }

  #isStack(address: number): boolean {
    return address >= this.#stack.from && address < this.#stack.end;
  }

  #written(): TrialResult["written"] {
    for (const [slot, image] of this.#images.entries()) {
      const { memory, before, after, outside } = image;
      const touched = (i: number): boolean =>
        outside[i] !== 0 && (after[i] !== before[i] || memory.bytes[i] !== (before[i]! ^ (~noise[i]! & 0xff)));
      const words = [before, after, memory.bytes, outside, noise].map(wordsOf);
      const [b, a, m, o, n] = words as [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array];
      for (let w = 0; w < b.length; w++) {
        if (o[w] === 0 || (a[w] === b[w] && m[w] === (b[w]! ^ (~n[w]! & o[w]!)) >>> 0)) continue;
        const address = [0, 1, 2, 3].map((k) => 4 * w + k).find(touched);
        if (address === undefined) continue;
        let count = 1;
        while (address + count < memory.sizeBytes && touched(address + count)) count++;
        return { slot, address, count };
      }
    }
    return undefined;
  }

  /** True where a byte that the call may write came out otherwise in the second run. Memory holds what that run left. */
  #differs(changedOnly?: number): boolean {
    let left = changedOnly ?? Number.POSITIVE_INFINITY;
    for (const [slot, { memory, before, after, changed, outside }] of this.#images.entries()) {
      const live = memory.bytes;
      const [liveWords, afterWords] = [memory.words, wordsOf(after)];
      for (let i = 0; i < live.length; i++) {
        if (changedOnly === undefined && liveWords[i >>> 2] === afterWords[i >>> 2]) {
          i |= 3;
          continue;
        }
        const wasChanged = changed[i] !== 0 && left > 0;
        if (wasChanged) left--;
        if (live[i] === after[i] || outside[i] !== 0 || (slot === 0 && this.#isStack(i))) continue;
        const isUntouched = wasChanged && after[i] === before[i] && live[i] === (before[i]! ^ (~noise[i]! & 0xff));
        if (!isUntouched) return true;
      }
    }
    return false;
  }

  /** Bytes of arguments that both runs wrote alike have a value now. */
  #define(): void {
    for (const [slot, { memory, after, changed }] of this.#images.entries()) {
      const { shadow, bytes } = memory;
      if (!shadow) continue;
      for (const { address, bytes: size } of this.#arguments.filter((argument) => argument.slot === slot)) {
        for (let i = address; i < address + size; i++) {
          if (changed[i] !== 0 && bytes[i] === after[i]) shadow.bytes[i] = 0;
        }
      }
    }
  }

  /** Halves the bytes that are changed until one is left without which the second run gives what the first gave. */
  #findRead(call: () => number | bigint | undefined, value: number | bigint | undefined): TrialResult["read"] {
    let [same, other] = [
      0,
      this.#images.reduce((n, { changed }) => n + changed.filter((byte) => byte !== 0).length, 0),
    ];
    while (other - same > 1) {
      const middle = (same + other) >> 1;
      const second = this.#again(call, value, middle);
      if (second.trapped || second.value !== value || this.#differs(middle)) other = middle;
      else same = middle;
    }
    return this.#place(other);
  }

  /** Where the `serial`-th changed byte lies, from 1. */
  #place(serial: number): TrialResult["read"] {
    let left = serial;
    for (const [slot, { changed, outside }] of this.#images.entries()) {
      for (let i = 0; i < changed.length; i++) {
        if (changed[i] === 0 || --left > 0) continue;
        const isStack = slot === 0 && this.#isStack(i);
        return { slot, address: i, area: isStack ? "stack" : outside[i] !== 0 ? "outside" : "argument" };
      }
    }
    return undefined;
  }
}

const wordsOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.buffer, 0, bytes.length >>> 2);

/** Never 0 and never 0xff. xorshift32. */
function makeNoise(bytes: number): Uint8Array {
  const made = new Uint8Array(bytes);
  let state = 0x2545f491;
  for (let i = 0; i < bytes; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    made[i] = 1 + ((state >>> 8) % 254);
  }
  return made;
}
