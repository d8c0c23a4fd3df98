import type { Operation } from "@aiekit/mlir";
import type { CoreProgram } from "./core-compiler.ts";
import { pointerSlotBytes } from "./core-emitter.ts";
import { at, type FaultRecord, SimFault, type TileCoord, tileName } from "./fault.ts";
import type { FifoEnd } from "./fifo-ends.ts";
import { FifoHolds } from "./fifo-holds.ts";
import type { TileMemory } from "./tile-memory.ts";

interface CoreCheckParts {
  readonly tile: TileCoord;
  readonly program: CoreProgram;
  /** In the order of pointer slots. */
  readonly memories: readonly TileMemory[];
  readonly ends: readonly FifoEnd[];
  readonly now: () => number;
}

/** A core's stack and the most that kernels used of it here; on hardware frames differ. */
export interface CoreStack {
  readonly bytes: number;
  readonly usedBytes: number;
  /** The most that frames held besides, of what the device has registers for. Left out where there is nothing of the kind. */
  readonly registerBytes?: number;
}

/** What is looked at when a checked core touches memory or a lock. Sites are numbers of the program's operations. */
export class CoreChecks {
  /** Most bytes of stack that a call of a kernel used. */
  stackUsed = 0;
  /** What is no fault, and hardly meant. */
  readonly warnings = new Set<string>();
  /** Bytes of frames that are not among them: the device has registers for what is there. */
  registerBytes = 0;
  readonly #parts: CoreCheckParts;
  readonly #holds: FifoHolds;

  constructor(parts: CoreCheckParts) {
    this.#parts = parts;
    this.#holds = new FifoHolds(parts.ends, parts.program.locks);
  }

  stackReport(bytes: number): CoreStack {
    const { stackUsed: usedBytes, registerBytes } = this;
    return { bytes, usedBytes, ...(registerBytes > 0 && { registerBytes }) };
  }

  /** @throws SimFault for memory that was never written, or belongs to an object that the core does not hold. */
  reads(site: number, pointer: number, bytes: number): void {
    const op = this.#parts.program.sites[site]!;
    this.heldAt(pointer, "reads", op);
    const { shadow } = this.#memory(pointer);
    const address = shadow?.firstUndefined(pointer % pointerSlotBytes, bytes);
    if (address !== undefined) throw shadow!.readFault(this.#who(op), address, this.#about(op));
  }

  /** @throws SimFault for an object that the core does not hold. */
  writes(site: number, pointer: number, bytes: number): void {
    this.heldAt(pointer, "writes", this.#parts.program.sites[site]!);
    this.#memory(pointer).shadow?.define(pointer % pointerSlotBytes, bytes);
  }

  /** @throws SimFault when the fifo never has so many objects. `lock` is the number of one of the program's locks. */
  acquiring(site: number, lock: number, amount: number): void {
    const config = this.#parts.program.locks[lock]!;
    const end = this.#holds.endOf(config);
    if (end === undefined || amount <= end.buffers.length) return;
    const op = this.#parts.program.sites[site]!;
    const depth = end.buffers.length;
    throw new SimFault(
      `${this.#who(op)}: acquires ${amount} objects of objectFifo ${end.fifo}, whose depth is ${depth} on tile ${tileName(config.tile)} (lock ${config.name}): it would wait for ever`,
      {
        kind: "acquire-beyond-depth",
        objectFifo: end.fifo,
        ...(config.name !== undefined && { lock: config.name }),
        ...this.#about(op),
      },
      { hint: `give objectFifo ${end.fifo} a depth of at least ${amount}, or acquire at most ${depth} at a time` },
    );
  }

  acquired(lock: number, amount: number): void {
    this.#holds.acquired(this.#parts.program.locks[lock]!, amount);
  }

  /** @throws SimFault when the core gives back objects that it does not hold. */
  released(site: number, lock: number, amount: number): void {
    const config = this.#parts.program.locks[lock]!;
    const refusal = this.#holds.released(config, amount);
    if (!refusal) return;
    const op = this.#parts.program.sites[site]!;
    const { end, held } = refusal;
    throw new SimFault(
      `${this.#who(op)}: releases ${amount} objects of objectFifo ${end.fifo} and holds ${held} (lock ${config.name}): its other end takes objects for ready that are not`,
      {
        kind: "release-beyond-held",
        objectFifo: end.fifo,
        ...(config.name !== undefined && { lock: config.name }),
        ...this.#about(op),
      },
      { hint: "release each object once, behind its acquire" },
    );
  }

  /** @throws SimFault when `pointer` leads into an object that the core does not hold. `does`: what it is about to do. */
  heldAt(pointer: number, does: string, op: Operation, who = this.#who(op)): void {
    const memory = this.#memory(pointer);
    const address = pointer % pointerSlotBytes;
    const buffer = memory.bufferAt(address);
    const refusal = buffer && this.#holds.refusal(buffer.name);
    if (!buffer || !refusal) return;
    const { end, port, released } = refusal;
    const why = released ? "after it has released the object" : "without having acquired the object";
    const lock = port === "Consume" ? end.filled : end.free;
    const element = buffer.elementBytes && Math.floor((address - buffer.address) / buffer.elementBytes);
    throw new SimFault(
      `${who}: ${does} ${memory.describe(address)} of objectFifo ${end.fifo} ${why} (${port}, lock ${lock.name}): its other end may be using it`,
      {
        kind: "use-after-release",
        buffer: buffer.name,
        address,
        objectFifo: end.fifo,
        ...(lock.name !== undefined && { lock: lock.name }),
        ...(element !== undefined && { element }),
        ...this.#about(op),
      },
      { hint: "acquire before the first use, and release behind the last one" },
    );
  }

  #memory(pointer: number): TileMemory {
    return this.#parts.memories[Math.floor(pointer / pointerSlotBytes)]!;
  }

  #who(op: Operation): string {
    return `core ${tileName(this.#parts.tile)}, ${op.name}${at(op.loc)}`;
  }

  #about(op: Operation): Pick<FaultRecord, "cycle" | "tile" | "loc"> {
    return { cycle: this.#parts.now(), tile: this.#parts.tile, ...(op.loc && { loc: op.loc }) };
  }
}
