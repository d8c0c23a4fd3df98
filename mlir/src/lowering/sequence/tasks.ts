import { BudgetError, DesignError } from "@aiekit/core";
import { syncOp } from "../../builder/npu-ops.ts";
import { tileModel } from "../../device-model/device-model.ts";
import type { TileCoord } from "../../device-model/neighbours.ts";
import { bdIdsOfChannel, type DmaDirection, type TileKind, tileModels } from "../../device-model/tile-model.ts";
import { type Block, Operation, type Value } from "../../ir/operation.ts";
import { bitWidth } from "../../ir/types.ts";
import { cloneOperation } from "../clone.ts";
import { type bufferType, coordOf, placeText, symbolOp, tileOperand } from "../device-ops.ts";
import { withLocation } from "../location.ts";
import { burstEncoding, shimPattern, type Transfer, transferError } from "../shim-transfer.ts";
import type { BdFields, LockField } from "./bd-words.ts";
import type { BdMemory, ChannelRef, Emitter } from "./emitter.ts";
import { type HostMemoryOf, packetOf, shimAllocation } from "./memcpy.ts";

const bytesPerWord = 4;

interface Task {
  readonly at: ChannelRef;
  readonly bds: readonly number[];
  /** First BD that runs. */
  readonly first: number;
  readonly repeat: number;
  readonly token: boolean;
}

/**
 * Tasks of one sequence: chains of BDs that are configured once, started any number of times and waited for. BD numbers
 * are given out for the lifetime of a task, from its configuration until it is awaited or freed.
 * Source: AIEAssignRuntimeSequenceBDIDs, AIEDMATasksToNPU; measured.
 */
export class Tasks {
  readonly #emitter: Emitter;
  readonly #tasks = new Map<Value, Task>();
  readonly #taken = new Map<string, Set<number>>();

  constructor(emitter: Emitter) {
    this.#emitter = emitter;
  }

  /** Writes the BDs of `dma_configure_task` and `dma_configure_task_for`. */
  configure(op: Operation, memoryOf: HostMemoryOf): void {
    const at = this.#channelOf(op);
    const blocks = op.regions[0]?.blocks ?? [];
    const ids = new Map<Block, number>();
    for (const block of blocks) {
      const bd = onlyBd(block);
      if (bd) ids.set(block, this.#take(at, bd.int("bd_id")));
    }
    for (const block of blocks) {
      const bd = onlyBd(block);
      const id = ids.get(block);
      if (bd === undefined || id === undefined) continue;
      const last = block.ops.at(-1);
      const next = last?.name === "aie.next_bd" ? last.successors[0]?.block : undefined;
      const nextBd = (next && ids.get(next)) ?? bd.int("next_bd_id");
      const fields = withLocation(bd, () =>
        this.#fieldsOf(bd, at, { id, nextBd, locks: locksOf(block), packet: packetOf(op) }),
      );
      this.#emitter.writeBd(at.place, fields, memoryOfBd(bd, memoryOf), bd.loc);
    }
    const firstBlock = blocks.find((b) => ids.has(b));
    const first = firstBlock && ids.get(firstBlock);
    if (first === undefined) throw new DesignError(`${op.name}: expected at least one aie.dma_bd`);
    const task = {
      at,
      bds: [...ids.values()],
      first,
      repeat: op.int("repeat_count") ?? 0,
      token: op.flag("issue_token"),
    };
    this.#tasks.set(op.result, task);
  }

  /** `dma_start_bd_chain_for @chain(...) for @allocation`: configures the chain's BDs and starts them. */
  startChain(op: Operation, memoryOf: HostMemoryOf): void {
    const chain = symbolOp(this.#emitter.device, op.text("symbol") ?? "");
    const source = chain?.regions[0];
    if (chain?.name !== "aie.bd_chain" || source === undefined) {
      throw new DesignError(`${op.name}: there is no aie.bd_chain @${op.text("symbol")}`);
    }
    const takesTile = op.name === "aiex.dma_start_bd_chain";
    // The tile stands behind the arguments.
    const actuals = takesTile ? op.operands.slice(0, -1) : op.operands;
    const { regions } = cloneOperation(chain);
    const passed = new Map(regions[0]?.entry.args.map((arg, i) => [arg, actuals[i] ?? arg] as const));
    const configure = new Operation(takesTile ? "aiex.dma_configure_task" : "aiex.dma_configure_task_for", {
      operands: takesTile ? op.operands.slice(-1) : [],
      results: op.results.map((r) => r.type),
      attributes: Object.fromEntries(op.attributes),
      regions,
      loc: op.loc,
    });
    this.configure(configure, (value) => memoryOf(passed.get(value) ?? value));
    const task = this.#tasks.get(configure.result);
    if (task) this.#tasks.set(op.result, task);
    this.start(op, op.result);
  }

  start(op: Operation, value: Value | undefined = op.operands[0]): void {
    const { at, first, repeat, token } = this.#task(op, value);
    this.#emitter.pushQueue(at, { bd: first, repeat, token }, op.loc);
  }

  /** Takes the task's token; its BDs are free afterwards. */
  await(op: Operation): void {
    const { at, token } = this.#task(op, op.operands[0]);
    if (!token) {
      throw new DesignError(`${op.name}: Cannot wait on a BD that is not configured to issue a token.`, {
        hint: "add {issue_token = true} to the task",
      });
    }
    this.#emitter.append(syncOp({ ...at.place, direction: at.direction, channel: at.channel, loc: op.loc }));
    this.free(op);
  }

  free(op: Operation): void {
    const { at, bds } = this.#task(op, op.operands[0]);
    for (const bd of bds) this.#takenOn(at.place).delete(bd);
  }

  #task(op: Operation, value: Value | undefined): Task {
    const task = value && this.#tasks.get(value);
    if (task === undefined) throw new DesignError(`${op.name}: does not reference a valid configure_task operation.`);
    return task;
  }

  #channelOf(op: Operation): ChannelRef {
    const alloc = op.text("alloc");
    if (alloc === undefined) {
      const tile = op.operands[0];
      if (tile === undefined) throw new DesignError(`${op.name}: expected a tile`);
      const direction: DmaDirection = op.text("direction") === "MM2S" ? "MM2S" : "S2MM";
      return { place: coordOf(tile), direction, channel: op.int("channel") ?? 0 };
    }
    const allocation = shimAllocation(this.#emitter.device, alloc);
    if (allocation === undefined) {
      throw new DesignError(`${op.name}: no shim DMA allocation found for symbol @${alloc}`);
    }
    return allocation;
  }

  /** A BD number of the tile; the real allocator asks for channel 0 whatever the channel is. */
  #take(at: ChannelRef, wish: number | undefined): number {
    const taken = this.#takenOn(at.place);
    const place = placeText(at.place);
    if (wish !== undefined) {
      if (taken.has(wish)) {
        throw new DesignError(
          `tile ${place}: Specified buffer descriptor ID ${wish} is already in use. Emit an aiex.dma_free_task operation to reuse BDs.`,
        );
      }
      taken.add(wish);
      return wish;
    }
    const { first, count } = bdIdsOfChannel(tileModel(this.#emitter.device.model, at.place.col, at.place.row).dma, 0);
    for (let id = first; id < first + count; id++) {
      if (taken.has(id)) continue;
      taken.add(id);
      return id;
    }
    throw new BudgetError(`tile ${place}: Allocator exhausted available buffer descriptor IDs. (${count} are in use)`, {
      hint: "await or free tasks before configuring more",
    });
  }

  #takenOn(place: TileCoord): Set<number> {
    const taken = this.#taken.get(placeText(place)) ?? new Set<number>();
    this.#taken.set(placeText(place), taken);
    return taken;
  }

  #fieldsOf(
    bd: Operation,
    at: ChannelRef,
    chain: {
      readonly id: number;
      readonly nextBd: number | undefined;
      readonly locks: BdLocks;
      readonly packet: ReturnType<typeof packetOf>;
    },
  ): BdFields {
    const type = memrefOf(bd);
    const elementBits = bitWidth(type.element);
    const { kind } = tileModel(this.#emitter.device.model, at.place.col, at.place.row);
    const offsetBytes = ((bd.int("offset") ?? 0) * elementBits) / 8;
    const length = bd.int("len") ?? type.shape.reduce<number>((n, d) => n * (d ?? 0), 1);
    const lengthBytes = (length * elementBits) / 8;
    if (lengthBytes < bytesPerWord) {
      throw new DesignError(
        `aie.dma_bd: Transfer size of ${lengthBytes} bytes falls below minimum hardware transfer unit of ${bytesPerWord} bytes.`,
      );
    }
    if (offsetBytes % 4 !== 0) throw new DesignError("aie.dma_bd: Offset must be aligned to 4 byte boundary.");
    const burstBytes = bd.int("burst_length") ?? 0;
    const burst = burstEncoding(this.#emitter.device.model, burstBytes);
    if (burst === undefined) {
      throw new DesignError(`aie.dma_bd: ${this.#emitter.device.model.name} has no burst of ${burstBytes} B`);
    }
    const common = {
      bd: chain.id,
      lengthWords: lengthBytes / 4,
      // The address is written behind this, with the offset in it; a compute tile's field counts words.
      offset: kind === "computeTile" ? offsetBytes >>> 2 : offsetBytes,
      burst,
      packet: checkedPacket(packetOf(bd) ?? chain.packet),
      ...paddingOf(bd, { kind, direction: at.direction }),
      nextBd: chain.nextBd,
      acquire: chain.locks.acquire,
      release: chain.locks.release,
    };
    const dims = bd.attributes.get("dimensions");
    if (dims?.kind !== "bd-dims" || dims.dims.length === 0) {
      return { ...common, sizes: [0, 0, 0], strides: [0, 0, 0], iterationSize: 0, iterationStride: 0 };
    }
    if (dims.dims.length > 4) {
      throw new DesignError("aie.dma_bd: At most four data layout transformation dimensions may be provided.");
    }
    const inner = dims.dims.toReversed();
    const transfer: Transfer = {
      elementBits,
      sizes: [0, 1, 2, 3].map((i) => inner[i]?.size ?? 1),
      strides: [0, 1, 2, 3].map((i) => inner[i]?.stride ?? 0),
    };
    const error = transferError(transfer);
    if (error !== undefined) throw new DesignError(`aie.dma_bd: ${error}`);
    const pattern = shimPattern(transfer);
    if (pattern.lengthWords * 4 !== lengthBytes && kind === "shim") {
      throw new DesignError(
        `aie.dma_bd: Buffer descriptor length does not match length of transfer expressed by lowest three dimensions of data layout transformation strides/wraps. BD length is ${lengthBytes} bytes. Lowest three dimensions of data layout transformation would result in transfer of ${pattern.lengthWords * 4} bytes.`,
        { hint: "the outermost dimension is repeat_count of the task and not part of the length" },
      );
    }
    const { sizes, strides, iterationSize, iterationStride } = pattern;
    // Dimension 2 needs no size: the length ends it.
    return { ...common, sizes: [...sizes, 0], strides, iterationSize, iterationStride };
  }
}

/** A BD's packet header has 3 bits of type and 5 bits of id. Source: AM020, packet header. */
function checkedPacket(packet: ReturnType<typeof packetOf>): ReturnType<typeof packetOf> {
  if (packet && packet.id > 31) {
    throw new DesignError(`aie.dma_bd: Packet ID exceeds the maximum supported by 5 bits. (${packet.id})`);
  }
  if (packet && packet.type > 7) {
    throw new DesignError(`aie.dma_bd: Packet Type exceeds the maximum supported by 3 bits. (${packet.type})`);
  }
  return packet;
}

interface BdLocks {
  readonly acquire: LockField | undefined;
  readonly release: LockField | undefined;
}

/** Zeros that a memtile adds, innermost dimension first. @throws DesignError where no DMA does that. */
function paddingOf(
  bd: Operation,
  at: { readonly kind: TileKind; readonly direction: DmaDirection },
): { readonly zerosBefore?: readonly number[]; readonly zerosAfter?: readonly number[] } {
  const attr = bd.attributes.get("pad_dimensions");
  if (attr?.kind !== "bd-pads" || attr.pads.length === 0) return {};
  if (at.kind !== "memtile") throw new DesignError("aie.dma_bd: Padding is only supported by memtile dma bds.");
  if (at.direction !== "MM2S") {
    throw new DesignError("aie.dma_bd: supports padding only for MM2S direction on MemTiles.");
  }
  const dims = bd.attributes.get("dimensions");
  if (dims?.kind !== "bd-dims" || dims.dims.length === 0) {
    throw new DesignError("aie.dma_bd: Padding requires n-d data layouts expressed as wrap(s) and stride(s).");
  }
  const pads = attr.pads.toReversed();
  return { zerosBefore: pads.map((p) => p.before), zerosAfter: pads.map((p) => p.after) };
}

/** The one BD of a block; undefined for a block that only leads on to another. */
function onlyBd(block: Block): Operation | undefined {
  const [bd, ...others] = block.ops.filter((op) => op.name === "aie.dma_bd");
  if (others.length > 0) {
    throw new DesignError("This block contains multiple aie.dma_bd operations. Exactly one is required.");
  }
  return bd;
}

function locksOf(block: Block): BdLocks {
  const uses = block.ops.filter((op) => op.name === "aie.use_lock");
  if (uses.length !== 0 && uses.length !== 2) {
    throw new DesignError(
      `aie.use_lock: BD blocks must have either 0 or 2 lock operations (acquire and release). Found ${uses.length} lock operations.`,
    );
  }
  const field = (op: Operation | undefined): LockField | undefined => {
    const lock = op?.operands[0]?.definingOp;
    if (op === undefined || lock === undefined) return undefined;
    // A memtile's DMA counts its own locks behind those of its west neighbour.
    const window = coordOf(tileOperand(lock)).row === 1 ? tileModels.memtile.locks : 0;
    const value = op.int("value") ?? 1;
    const isAtLeast = op.text("action") === "AcquireGreaterEqual";
    return { id: (lock.int("lockID") ?? 0) + window, value: isAtLeast ? -value : value };
  };
  return {
    acquire: field(uses.find((op) => op.text("action") !== "Release")),
    release: field(uses.find((op) => op.text("action") === "Release")),
  };
}

function memoryOfBd(bd: Operation, memoryOf: HostMemoryOf): BdMemory {
  const [value] = bd.operands;
  if (value === undefined) throw new DesignError("aie.dma_bd: expected a buffer");
  const offsetBytes = ((bd.int("offset") ?? 0) * bitWidth(memrefOf(bd).element)) / 8;
  const buffer = value.definingOp;
  if (buffer?.name === "aie.buffer") {
    const address = buffer.int("address");
    if (address === undefined) throw new DesignError(`aie.dma_bd: @${buffer.text("sym_name")} has no address`);
    return { addressBytes: address + offsetBytes };
  }
  const host = memoryOf(value);
  return { host: { ...host, offsetBytes: host.offsetBytes + offsetBytes } };
}

function memrefOf(bd: Operation): ReturnType<typeof bufferType> {
  const type = bd.operands[0]?.type;
  if (type?.kind !== "memref") throw new DesignError("aie.dma_bd: expected a memref as operand");
  return type;
}
