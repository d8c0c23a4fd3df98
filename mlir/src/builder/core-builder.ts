import { DesignError } from "@aiekit/core";
import { lockMaxValue } from "../device-model/tile-model.ts";
import { integerAttr, symbolAttr } from "../ir/attributes.ts";
import { Block, Operation, Region, type Value } from "../ir/operation.ts";
import { bitWidth, index, type MemRefType, type Type } from "../ir/types.ts";
import { typeText } from "../printer/attributes.ts";
import { acquireOp, type FifoPort, type LockAction, releaseOp, subviewAccessOp, useLockOp } from "./aie-ops.ts";
import type { FifoHandle, KernelHandle, LockHandle, TileHandle } from "./handles.ts";

/** Trip count of a loop that ends when the context does. */
const forever = 2n ** 63n - 1n;

/** Width of a cascade. Source: AM020 chapter 4. */
const cascadeBits = 512;

/** Writes the body of one core: loops, acquires and releases of objects, calls of kernels. */
export class CoreBuilder {
  readonly #tile: TileHandle;
  readonly #entry: Block;
  /** Where the next operation goes: the entry or the innermost open loop. */
  #block: Block;
  readonly #constants = new Map<string, Value>();
  readonly #held = new Map<string, number>();

  constructor(tile: TileHandle, entry: Block) {
    this.#tile = tile;
    this.#entry = entry;
    this.#block = entry;
  }

  /** Repeats `write` for as long as the array runs; at the end of a launch the core waits at its next acquire. */
  forever(write: () => void): void {
    this.#loop(forever, () => write());
  }

  /** Repeats `write` with the index 0, 1, ... count - 1. */
  repeat(count: number, write: (index: Value) => void): void {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new DesignError(`${this.#where}: expected a loop of at least 1 round, got ${count}`);
    }
    this.#loop(BigInt(count), write);
  }

  /**
   * Repeats `write` as often as a value says that the core computed or loaded, an index or i32; not at all for 0. With
   * acquires inside, the core needs `choosesObjectsAtRunTime`.
   */
  repeatTimes(count: Value, write: (index: Value) => void): void {
    this.#loop(this.cast(count, index), write);
  }

  /** The same integer as another integer type or as an index. */
  cast(value: Value, type: Type): Value {
    const [from, to] = [typeText(value.type), typeText(type)];
    if (from === to) return value;
    const isIndex = (t: Type) => t.kind === "index";
    if (isIndex(value.type) === isIndex(type) || ![value.type, type].every((t) => isIndex(t) || t.kind === "integer")) {
      throw new DesignError(
        `${this.#where}: cast of ${from} to ${to}: expected an index on one side, an integer on the other`,
      );
    }
    return this.#append(new Operation("arith.index_cast", { operands: [value], results: [type] })).result;
  }

  /** Waits for the next object of a fifo and gives it. */
  acquire(fifo: FifoHandle, port: FifoPort): Value {
    const [object] = this.acquireMany(fifo, port, 1);
    if (object === undefined) throw new DesignError(`${this.#where}: acquire of @${fifo.name} gave no object`);
    return object;
  }

  /** Waits until the core holds `count` objects and gives them, oldest first. */
  acquireMany(fifo: FifoHandle, port: FifoPort, count: number): readonly Value[] {
    this.#expectPort(fifo, port);
    const depth = this.#depth(fifo, port);
    if (!Number.isInteger(count) || count < 1 || count > depth) {
      throw new DesignError(
        `${this.#where}: acquire of ${count} objects of @${fifo.name}, whose depth is ${depth}: it would wait forever`,
        { hint: `declare @${fifo.name} with depth ${count + 1} or acquire fewer objects at a time` },
      );
    }
    this.#held.set(heldKey(fifo, port), Math.max(count, this.#held.get(heldKey(fifo, port)) ?? 0));
    const subview = this.#append(acquireOp({ fifo: fifo.name, port, count }, fifo.element)).result;
    return Array.from({ length: count }, (_, i) => this.#append(subviewAccessOp(subview, i, fifo.element)).result);
  }

  /** Gives `count` objects back, oldest first: full ones to the consumer, empty ones to the producer. */
  release(fifo: FifoHandle, port: FifoPort, count = 1): void {
    this.#expectPort(fifo, port);
    const held = this.#held.get(heldKey(fifo, port)) ?? 0;
    if (!Number.isInteger(count) || count < 1 || count > held) {
      throw new DesignError(`${this.#where}: release of ${count} objects of @${fifo.name}, ${held} are acquired`);
    }
    this.#held.set(heldKey(fifo, port), held - count);
    this.#append(releaseOp({ fifo: fifo.name, port, count }));
  }

  /** Waits for a lock, or gives to it. Objects of fifos have locks of their own: this is for what is written by hand. */
  useLock(lock: LockHandle, action: LockAction, value = 1): void {
    const { col, row } = lock.tile;
    const right = this.#tile.col - col;
    const up = row - this.#tile.row;
    const isInReach = (right === 0 && Math.abs(up) <= 1) || (right === 1 && up === 0);
    if (!isInReach || lock.tile.kind !== "computeTile") {
      throw new DesignError(`${this.#where}: lock @${lock.name} of (${col},${row}) is not in the core's reach`);
    }
    if (!Number.isInteger(value) || value < 0 || value > lockMaxValue) {
      throw new DesignError(`${this.#where}: lock @${lock.name}: expected a value 0..${lockMaxValue}, got ${value}`);
    }
    this.#append(useLockOp(lock.value, action, value));
  }

  /** One element of an object or a buffer. */
  load(memory: Value, indices: readonly Value[]): Value {
    const type = this.#memrefOf(memory, indices);
    return this.#append(new Operation("memref.load", { operands: [memory, ...indices], results: [type.element] }))
      .result;
  }

  store(value: Value, memory: Value, indices: readonly Value[]): void {
    const type = this.#memrefOf(memory, indices);
    if (typeText(value.type) !== typeText(type.element)) {
      throw new DesignError(`${this.#where}: store of ${typeText(value.type)} into ${typeText(type)}`);
    }
    this.#append(new Operation("memref.store", { operands: [value, memory, ...indices] }));
  }

  /** Sends 512 bits to the next core of the cascade. */
  putCascade(value: Value): void {
    this.#expectCascadeType(value.type);
    this.#append(new Operation("aie.put_cascade", { operands: [value] }));
  }

  /** Waits for 512 bits from the core before. */
  getCascade(type: Type): Value {
    this.#expectCascadeType(type);
    return this.#append(new Operation("aie.get_cascade", { results: [type] })).result;
  }

  /** Any other operation, at this place of the program; `arith`, `scf`, `vector`, ... The verifier checks it. */
  emit(op: Operation): Operation {
    return this.#append(op);
  }

  /** Calls a kernel. Arguments must have the parameters' types exactly. */
  call(kernel: KernelHandle, args: readonly Value[]): void {
    if (args.length !== kernel.params.length) {
      throw new DesignError(
        `${this.#where}: ${kernel.name}: expected ${kernel.params.length} arguments, got ${args.length}`,
      );
    }
    for (const [i, arg] of args.entries()) {
      const param = kernel.params[i];
      if (param && typeText(arg.type) !== typeText(param)) {
        throw new DesignError(
          `${this.#where}: ${kernel.name}: argument ${i}: expected ${typeText(param)}, got ${typeText(arg.type)}`,
        );
      }
    }
    this.#append(new Operation("func.call", { operands: args, attributes: { callee: symbolAttr(kernel.name) } }));
  }

  /** A constant scalar, for kernels' scalar parameters. */
  constant(value: number | bigint, type: Type): Value {
    const key = `${value}:${typeText(type)}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const op = new Operation("arith.constant", {
      results: [type],
      resultNames: [type.kind === "index" ? `c${value}` : `c${value}_${typeText(type)}`],
      attributes: {
        value: type.kind === "float" ? { kind: "float", value: Number(value), type } : integerAttr(value, type),
      },
    });
    // Constants stand at the top of the core, where every loop sees them.
    const first = this.#entry.ops.find((o) => o.name !== "arith.constant");
    if (first) this.#entry.insertBefore(first, op);
    else this.#entry.append(op);
    this.#constants.set(key, op.result);
    return op.result;
  }

  /** Marks a point for traces: event 0 before and event 1 after what is timed. */
  event(which: 0 | 1): void {
    this.#append(
      new Operation("aie.event", {
        attributes: { val: integerAttr(which, { kind: "integer", width: 32, sign: "signless" }) },
      }),
    );
  }

  get #where(): string {
    return `core (${this.#tile.col},${this.#tile.row})`;
  }

  #loop(count: bigint | Value, write: (index: Value) => void): void {
    const upper = typeof count === "bigint" ? this.constant(count, index) : count;
    const bounds = [this.constant(0n, index), upper, this.constant(1n, index)];
    const body = new Block();
    const induction = body.addArg(index);
    const region = new Region();
    region.addBlock(body);
    this.#append(new Operation("scf.for", { operands: bounds, regions: [region] }));
    const outer = this.#block;
    this.#block = body;
    write(induction);
    body.append(new Operation("scf.yield"));
    this.#block = outer;
  }

  #memrefOf(memory: Value, indices: readonly Value[]): MemRefType {
    const { type } = memory;
    if (type.kind !== "memref") throw new DesignError(`${this.#where}: expected memory, got ${typeText(type)}`);
    if (indices.length !== type.shape.length) {
      throw new DesignError(
        `${this.#where}: ${typeText(type)} needs ${type.shape.length} indices, got ${indices.length}`,
      );
    }
    return type;
  }

  #expectCascadeType(type: Type): void {
    const bits = type.kind === "vector" ? type.shape.reduce((n, d) => n * d, bitWidth(type.element)) : bitWidth(type);
    if (bits !== cascadeBits) {
      throw new DesignError(`${this.#where}: a cascade carries ${cascadeBits} bits, ${typeText(type)} has ${bits}`);
    }
  }

  #append(op: Operation): Operation {
    return this.#block.append(op);
  }

  #depth(fifo: FifoHandle, port: FifoPort): number {
    const perEnd = port === "Produce" ? fifo.depths[0] : fifo.depths[1 + fifo.consumers.indexOf(this.#tile)];
    return perEnd ?? fifo.depths[0] ?? 0;
  }

  #expectPort(fifo: FifoHandle, port: FifoPort): void {
    const ends = port === "Produce" ? [fifo.producer] : fifo.consumers;
    if (ends.includes(this.#tile)) return;
    const places = ends.map((t) => `(${t.col},${t.row})`).join(", ");
    const role = port === "Produce" ? "producer" : "consumer";
    throw new DesignError(`${this.#where}: it is not a ${role} of objectFifo @${fifo.name}: expected one of ${places}`);
  }
}

function heldKey(fifo: FifoHandle, port: FifoPort): string {
  return `${fifo.name} ${port}`;
}
