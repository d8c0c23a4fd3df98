import { BudgetError, DesignError } from "@aiekit/core";
import { syncOp } from "../../builder/npu-ops.ts";
import { tileModel } from "../../device-model/device-model.ts";
import type { TileCoord } from "../../device-model/neighbours.ts";
import { bdIdsOfChannel, type DmaDirection } from "../../device-model/tile-model.ts";
import { type Block, Operation, type Value } from "../../ir/operation.ts";
import { cloneOperation, substitute } from "../clone.ts";
import { coordOf, placeText, symbolOp } from "../device-ops.ts";
import { withLocation } from "../location.ts";
import type { ChannelRef, Emitter } from "./emitter.ts";
import { allocationsHint, type HostMemoryOf, packetOf, shimAllocation } from "./memcpy.ts";
import { taskBdFields, taskBdMemory } from "./task-bd.ts";

interface Task {
  readonly at: ChannelRef;
  readonly bds: readonly number[];
  /** First BD that runs. */
  readonly first: number;
  readonly repeat: number;
  readonly token: boolean;
}

/** BD numbers that tasks hold, by place of the tile. All sequences of a device share them. */
export type TakenBds = Map<string, Set<number>>;

/**
 * Tasks of one sequence: chains of BDs that are configured once, started any number of times and waited for. BD numbers
 * are given out for the lifetime of a task, from its configuration until it is awaited or freed.
 * Source: AIEAssignRuntimeSequenceBDIDs, AIEDMATasksToNPU; measured.
 */
export class Tasks {
  readonly #emitter: Emitter;
  readonly #tasks = new Map<Value, Task>();
  readonly #taken: TakenBds;

  constructor(emitter: Emitter, taken: TakenBds) {
    this.#emitter = emitter;
    this.#taken = taken;
  }

  /** Tasks of a sequence that this one runs, on the tiles of `emitter`'s device: the same BDs. */
  inDevice(emitter: Emitter): Tasks {
    return new Tasks(emitter, this.#taken);
  }

  /** Writes the BDs of `dma_configure_task` and `dma_configure_task_for`. */
  configure(op: Operation, memoryOf: HostMemoryOf): void {
    const { packet, ...at } = this.#channelOf(op);
    const blocks = op.regions[0]?.blocks ?? [];
    const bds = new Map<Block, Operation>();
    for (const block of blocks) {
      const bd = onlyBd(op, block, block === blocks[0]);
      if (bd) bds.set(block, bd);
    }
    const ids = this.#idsOf(at, bds);
    for (const [block, bd] of bds) {
      const id = ids.get(block) ?? 0;
      const last = block.ops.at(-1);
      const next = last?.name === "aie.next_bd" ? last.successors[0]?.block : undefined;
      const given = bd.int("next_bd_id");
      if (next !== undefined && given !== undefined) {
        throw new DesignError("aie.dma_bd: Cannot specify both next_bd_id attribute and aie.next_bd operation.");
      }
      withLocation(bd, () => {
        const nextBd = (next && ids.get(next)) ?? given;
        const fields = taskBdFields(this.#emitter.device, at, { op: bd, block, id, nextBd, packet });
        this.#emitter.writeBd(at.place, fields, taskBdMemory(this.#emitter.device, at, bd, memoryOf), bd.loc);
      });
    }
    const first = firstOf(blocks, ids);
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
    if (chain?.name !== "aie.bd_chain") {
      throw new DesignError(`${op.name}: there is no aie.bd_chain @${op.text("symbol")}`);
    }
    const takesTile = op.name === "aiex.dma_start_bd_chain";
    // The tile stands behind the arguments.
    const actuals = takesTile ? op.operands.slice(0, -1) : op.operands;
    const copy = cloneOperation(chain);
    substitute(copy, new Map(copy.regions[0]?.entry.args.map((arg, i) => [arg, actuals[i] ?? arg] as const)));
    const configure = new Operation(takesTile ? "aiex.dma_configure_task" : "aiex.dma_configure_task_for", {
      operands: takesTile ? op.operands.slice(-1) : [],
      results: op.results.map((r) => r.type),
      attributes: Object.fromEntries(op.attributes),
      regions: copy.regions,
      loc: op.loc,
    });
    this.configure(configure, memoryOf);
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

  /** The channel, and the packet header that the allocation of a `dma_configure_task_for` asks for. */
  #channelOf(op: Operation): ChannelRef & { readonly packet: ReturnType<typeof packetOf> } {
    const alloc = op.text("alloc");
    if (alloc === undefined) {
      const tile = op.operands[0];
      if (tile === undefined) throw new DesignError(`${op.name}: expected a tile`);
      const direction: DmaDirection = op.text("direction") === "MM2S" ? "MM2S" : "S2MM";
      return { place: coordOf(tile), direction, channel: op.int("channel") ?? 0, packet: packetOf(op) };
    }
    const allocation = shimAllocation(this.#emitter.device, alloc);
    if (allocation === undefined) {
      throw new DesignError(`${op.name}: no shim DMA allocation found for symbol @${alloc}`, {
        hint: allocationsHint(this.#emitter.device),
      });
    }
    // A chain that is started leaves the header out. Source: AIEMaterializeBDChains.
    return op.attributes.has("symbol") ? { ...allocation, packet: undefined } : allocation;
  }

  /** A BD number for each block: those that are given first, then the lowest that are free. */
  #idsOf(at: ChannelRef, bds: ReadonlyMap<Block, Operation>): Map<Block, number> {
    const given = [...bds].flatMap(([block, bd]) => {
      const id = bd.int("bd_id");
      return id === undefined ? [] : [[block, this.#takeGiven(at, id)] as const];
    });
    const ids = new Map(given);
    return new Map([...bds.keys()].map((block) => [block, ids.get(block) ?? this.#takeFree(at)] as const));
  }

  #takeGiven(at: ChannelRef, id: number): number {
    const taken = this.#takenOn(at.place);
    if (taken.has(id)) {
      throw new DesignError(
        `tile ${placeText(at.place)}: Specified buffer descriptor ID ${id} is already in use. Emit an aiex.dma_free_task operation to reuse BDs.`,
      );
    }
    taken.add(id);
    return id;
  }

  /** The real allocator asks for channel 0 whatever the channel is. */
  #takeFree(at: ChannelRef): number {
    const taken = this.#takenOn(at.place);
    const { first, count } = bdIdsOfChannel(tileModel(this.#emitter.device.model, at.place.col, at.place.row).dma, 0);
    for (let id = first; id < first + count; id++) {
      if (taken.has(id)) continue;
      taken.add(id);
      return id;
    }
    const place = placeText(at.place);
    throw new BudgetError(`tile ${place}: Allocator exhausted available buffer descriptor IDs. (${count} are in use)`, {
      hint: "await or free tasks before configuring more",
    });
  }

  #takenOn(place: TileCoord): Set<number> {
    const taken = this.#taken.get(placeText(place)) ?? new Set<number>();
    this.#taken.set(placeText(place), taken);
    return taken;
  }
}

/** The BD that runs first: that of the entry block, or where an empty entry block leads to. */
function firstOf(blocks: readonly Block[], ids: ReadonlyMap<Block, number>): number | undefined {
  const [entry] = blocks;
  const next = entry?.ops.at(-1)?.successors[0]?.block;
  return entry && (ids.get(entry) ?? (next && ids.get(next)));
}

const bdBlockOps = new Set(["aie.dma_bd", "aie.use_lock", "aie.next_bd", "aie.end"]);

/** The one BD of a block; undefined for an entry block that only leads on. Source: AIEDMATasksToNPU, verifyBdInBlock. */
function onlyBd(task: Operation, block: Block, isEntry: boolean): Operation | undefined {
  if (isEntry && block.ops.length <= 1) return undefined;
  const other = block.ops.find((op) => !bdBlockOps.has(op.name));
  if (other) throw new DesignError(`${task.name}: Unsupported operation within BD block. (${other.name})`);
  const [bd, ...more] = block.ops.filter((op) => op.name === "aie.dma_bd");
  if (bd === undefined) {
    throw new DesignError("Block ending in this terminator does not contain a required aie.dma_bd operation.");
  }
  if (more.length > 0) {
    throw new DesignError("This block contains multiple aie.dma_bd operations. Exactly one is required.");
  }
  return bd;
}
