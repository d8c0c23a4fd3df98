import {
  type CoreBuilder,
  DesignBuilder,
  type FifoHandle,
  i32,
  memref,
  printModule,
  type SequenceBuilder,
  type TileHandle,
  type Value,
} from "@aiekit/mlir";

/** A design that stands still and what has to be said of it, and one of the same kind that runs to its end. */
export interface StandstillCase {
  readonly stands: string;
  readonly legal: string;
  /** Sequence to run, where there are several. */
  readonly sequence?: string;
  /** Sequence of the legal design. */
  readonly legalSequence?: string;
  /** What the message must say. */
  readonly says: readonly string[];
  /** Agents of the circle of waits, in any order; undefined where there is none. */
  readonly circle?: readonly string[];
  /** What the hint must say. */
  readonly hint: string;
  /** What it takes, by counting. */
  readonly cure: string;
}

/** Numbers from 0 to below a limit, from a seed always the same: a Weyl sequence, mixed as MurmurHash3 mixes its last word. */
export function randomFrom(seed: number): (limit: number) => number {
  let state = Math.imul(seed, 0x9e3779b9);
  return (limit) => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return Math.floor((((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32) * limit);
  };
}

export const words = 16;
export const object = memref([words], i32);

/** Fifos, cores and one sequence, in few words. */
export class CaseDesign {
  readonly d = new DesignBuilder("npu1_2col");
  readonly col: number;

  constructor(col: number) {
    this.col = col;
  }

  tile(row: number, col = this.col): TileHandle {
    return this.d.tile(col, row);
  }

  fifo(
    name: string,
    producer: TileHandle,
    consumer: TileHandle | readonly TileHandle[],
    { depth = [2, 2], viaDma = false, size = words }: FifoShape = {},
  ): FifoHandle {
    const consumers = "row" in consumer ? [consumer] : consumer;
    const element = memref([size], i32);
    return this.d.objectFifo({ name, producer, consumers, depth, element, ...(viaDma && { viaDma: true }) });
  }

  core(tile: TileHandle, write: (core: CoreBuilder) => void): void {
    this.d.core(tile, { stackBytes: 1024 }, write);
  }

  /** A core that does the same again and again. */
  loop(tile: TileHandle, write: (core: CoreBuilder) => void): void {
    this.core(tile, (core) => core.forever(() => write(core)));
  }

  /** Receives all of `out`, once all of `inputs` was sent. Arguments: inputs, then out. */
  sequence(
    sizes: Readonly<Record<string, number>>,
    write: (s: SequenceBuilder, args: Readonly<Record<string, Value>>) => void,
    name = "run",
  ): void {
    const args = Object.fromEntries(Object.entries(sizes).map(([arg, size]) => [arg, memref([size], i32)]));
    this.d.sequence({ name, args }, write);
  }

  text(): string {
    return printModule(this.d.build());
  }
}

interface FifoShape {
  readonly depth?: readonly number[];
  readonly viaDma?: boolean;
  /** Elements of an object. */
  readonly size?: number;
}

/** Takes `count` objects, one after the other. */
export function take(core: CoreBuilder, fifo: FifoHandle, count = 1): void {
  const once = () => {
    core.acquire(fifo, "Consume");
    core.release(fifo, "Consume");
  };
  if (count === 1) once();
  else core.repeat(count, once);
}

/** Gives `count` objects, one after the other. */
export function give(core: CoreBuilder, fifo: FifoHandle, count = 1): void {
  const once = () => {
    core.acquire(fifo, "Produce");
    core.release(fifo, "Produce");
  };
  if (count === 1) once();
  else core.repeat(count, once);
}

export const coreAt = ({ col, row }: { readonly col: number; readonly row: number }): string => `core (${col},${row})`;
