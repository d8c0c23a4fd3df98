import { enumAttr, integerAttr } from "../ir/attributes.ts";
import { type Block, Operation, type Value, walk } from "../ir/operation.ts";
import { i1, i32, index, memref, type Type } from "../ir/types.ts";
import { type Device, tileOperand } from "./device-ops.ts";
import type { FifoEnd } from "./fifo-objects.ts";

/**
 * Objects of the fifos of one core chosen at run time: a word of memory for each end counts which object is next. Code
 * stays small and loops may have any bounds. Source: AIEObjectFifoStatefulTransform, dynamic lowering; measured.
 */
export class RuntimeCounters {
  readonly #entry: Block;
  readonly #counters: Value;
  readonly #positions = new Map<string, Value>();
  readonly #constants = new Map<string, Value>();

  /** Makes the counters of every end that `core` acquires from, and zeroes them where the core starts. */
  constructor(device: Device, core: Operation, keyOf: (access: Operation) => string) {
    this.#entry = core.regions[0]?.entry as Block;
    const keys = new Set<string>();
    walk(core, (op) => {
      if (op.name === "aie.objectfifo.acquire" || op.name === "aie.objectfifo.release") keys.add(keyOf(op));
    });
    const [firstOp] = this.#entry.ops;
    // Named with the design's own unnamed buffers, when all of them are there.
    const buffer = new Operation("aie.buffer", {
      operands: [tileOperand(core)],
      results: [memref([keys.size], i32)],
      loc: core.loc,
    });
    device.block.insertBefore(core, buffer);
    this.#counters = buffer.result;
    for (const [i, key] of [...keys].entries()) {
      const position = this.#constant(i, index);
      this.#positions.set(key, position);
      const store = memrefOp("memref.store", [this.#constant(0, i32), this.#counters, position]);
      if (firstOp) this.#entry.insertBefore(firstOp, store);
      else this.#entry.append(store);
    }
  }

  /** The buffer that is `ahead` objects behind the next one, chosen where `anchor` stands. */
  objectAt(
    anchor: Operation,
    block: Block,
    choice: { readonly key: string; readonly ahead: number; readonly buffers: readonly Value[] },
  ): Value {
    const { key, ahead, buffers } = choice;
    const emit = (op: Operation): Value => block.insertBefore(anchor, op).result;
    const counter = emit(memrefOp("memref.load", [this.#counters, this.#position(key)], i32));
    const objectFor = (count: number): Value => buffers[(count + ahead) % buffers.length] as Value;
    let chosen = objectFor(0);
    for (let count = 1; count < buffers.length; count++) {
      const matches = emit(compare("eq", counter, this.#constant(count, i32)));
      chosen = emit(
        new Operation("arith.select", { operands: [matches, objectFor(count), chosen], results: [chosen.type] }),
      );
    }
    return chosen;
  }

  /** Moves on by `count` objects, where `anchor` stands. */
  advance(
    anchor: Operation,
    block: Block,
    step: { readonly key: string; readonly count: number; readonly end: FifoEnd },
  ): void {
    const emit = (op: Operation): Value => block.insertBefore(anchor, op).result;
    const depth = this.#constant(step.end.depth, i32);
    const old = emit(memrefOp("memref.load", [this.#counters, this.#position(step.key)], i32));
    const moved = emit(binary("arith.addi", old, this.#constant(step.count, i32)));
    const isPast = emit(compare("sge", moved, depth));
    const wrapped = emit(binary("arith.subi", moved, depth));
    const next = emit(new Operation("arith.select", { operands: [isPast, wrapped, moved], results: [i32] }));
    block.insertBefore(anchor, memrefOp("memref.store", [next, this.#counters, this.#position(step.key)]));
  }

  #position(key: string): Value {
    const position = this.#positions.get(key);
    if (position === undefined) throw new RangeError(`no counter for ${key}`);
    return position;
  }

  #constant(value: number, type: Type): Value {
    const key = `${value} ${type.kind}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const op = new Operation("arith.constant", {
      results: [type],
      resultNames: [type.kind === "index" ? `c${value}` : `c${value}_i32`],
      attributes: { value: integerAttr(value, type) },
    });
    const [first] = this.#entry.ops;
    if (first) this.#entry.insertBefore(first, op);
    else this.#entry.append(op);
    this.#constants.set(key, op.result);
    return op.result;
  }
}

function memrefOp(name: string, operands: readonly Value[], result?: Type): Operation {
  return new Operation(name, { operands, results: result ? [result] : [] });
}

function binary(name: string, a: Value, b: Value): Operation {
  return new Operation(name, { operands: [a, b], results: [i32] });
}

function compare(predicate: "eq" | "sge", a: Value, b: Value): Operation {
  return new Operation("arith.cmpi", {
    operands: [a, b],
    results: [i1],
    attributes: { predicate: enumAttr(predicate) },
  });
}
