import { tileModels } from "../device-model/tile-model.ts";
import type { Diagnostic } from "../ir/diagnostic.ts";
import { type Operation, walk } from "../ir/operation.ts";
import {
  coordOf,
  type Device,
  integers,
  opsNamed,
  placeText,
  sameTile,
  stackBytes,
  tileOperand,
} from "./device-ops.ts";
import { warnOfSurplusLocks } from "./surplus-locks.ts";
import { warnOfUnawaitedOutputs } from "./unawaited-outputs.ts";

/**
 * What the dialect accepts and hardware does not do as meant, in cores and runtime sequences of a lowered device: a
 * default stack under kernels, offsets that are lost, task queues that overflow, BDs that are written while they run.
 */
export function warnOfDevice(device: Device): Diagnostic[] {
  const sequences = opsNamed(device, "aie.runtime_sequence");
  return [
    ...opsNamed(device, "aie.core").flatMap((core) => [...warnOfStack(core), ...warnOfCoveredBuffers(device, core)]),
    ...sequences.flatMap((sequence) => new TransferWatch(device).over(sequence)),
    ...sequences.flatMap(warnOfLeftOut),
    ...warnOfUnawaitedOutputs(device),
    ...warnOfSurplusLocks(device),
  ];
}

/** Kinds of operations that a sequence's instruction stream has, or that name something for those. */
const inStream =
  /^(aiex\.(npu\.|dma_|(configure|run|set_lock)$)|memref\.|aie\.(end|dma_bd|next_bd|use_lock)$|arith\.constant$)/;

/** What a sequence says and its instruction stream does not. Source: AIETargetNPU, which passes over such operations. */
function warnOfLeftOut(sequence: Operation): Diagnostic[] {
  const found: Diagnostic[] = [];
  const over = (op: Operation): void => {
    if (!inStream.test(op.name) || (op.regions.length > 0 && !/^aiex\.(configure|dma_)/.test(op.name))) {
      found.push(
        warning(op, {
          message: "has no place in an instruction stream: the compiler leaves it out, with all that is in it",
          hint: op.regions.length > 0 ? "write out what it does, step by step" : "remove it from the sequence",
        }),
      );
      return;
    }
    if (op.name === "memref.reinterpret_cast" && integers(op.attributes.get("static_offsets")).some((at) => at !== 0)) {
      found.push(
        warning(op, {
          message: "the offset of memref.reinterpret_cast is lost in transfers of what it makes",
          hint: "give the offset to memref.subview",
        }),
      );
    }
    if (op.name === "aie.dma_bd") found.push(...warnOfLostStride(op));
    for (const region of op.regions) for (const block of region.blocks) block.ops.forEach(over);
  };
  for (const region of sequence.regions) for (const block of region.blocks) block.ops.forEach(over);
  return found;
}

/** A task's BD of one row is lowered as a plain run. Source: AIEDMATasksToNPU, isLinearTransfer. */
function warnOfLostStride(bd: Operation): Diagnostic[] {
  const dims = bd.attributes.get("dimensions");
  if (dims?.kind !== "bd-dims") return [];
  const [row, ...middle] = dims.dims.toReversed();
  if (row === undefined || row.stride === 1 || row.size === 1 || middle.slice(0, 2).some(({ size }) => size !== 1)) {
    return [];
  }
  return [
    warning(bd, {
      message: `stride ${row.stride} of the only dimension is lost: a task's transfer of one row is a plain run`,
      hint: `write it as [<size = ${row.size}, stride = ${row.stride}>, <size = 1, stride = 1>]`,
    }),
  ];
}

/** Kernels share the core's stack, and 1024 B are few for one with a local array. Source: AIEOps.td, stack_size. */
function warnOfStack(core: Operation): Diagnostic[] {
  if (core.attributes.has("stack_size") || core.attributes.has("elf_file")) return [];
  const calls = new Set<string>();
  walk(core, (op) => {
    if (op.name === "func.call") calls.add(`@${op.text("callee")}`);
  });
  if (calls.size === 0) return [];
  const place = placeText(coordOf(tileOperand(core)));
  return [
    warning(core, {
      message: `core ${place} has no stack_size: ${[...calls].join(", ")} ${calls.size === 1 ? "has" : "have"} the default stack of 1024 B, and an NPU does not notice when more is used`,
      hint: "write stack_size on the core (in a builder stackBytes; 1024 is the default and is not printed); aiekit sim --check prints what is used",
    }),
  ];
}

/**
 * Buffers have addresses, of the design's own or by bank: only what is in the first bank is put behind the stack.
 * Source: AIEAssignBuffers.cpp, bank-aware allocation.
 */
function warnOfCoveredBuffers(device: Device, core: Operation): Diagnostic[] {
  const [tile, stack] = [tileOperand(core), stackBytes(core)];
  const covered = opsNamed(device, "aie.buffer").filter(
    (buffer) => sameTile(tileOperand(buffer), tile) && (buffer.int("address") ?? stack) < stack,
  );
  if (covered.length === 0) return [];
  const names = covered.map((buffer) => `@${buffer.text("sym_name")}`).join(", ");
  return [
    warning(core, {
      message: `the stack of core ${placeText(coordOf(tile))}, ${stack} B from address 0, covers ${names}`,
      hint: "a smaller stack_size, or addresses behind the stack",
    }),
  ];
}

/** Follows the transfers of one sequence that were queued and not waited for. */
class TransferWatch {
  readonly #device: Device;
  readonly #queued = new Map<string, Queued[]>();
  readonly #found: Diagnostic[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  over(sequence: Operation): readonly Diagnostic[] {
    walk(sequence, (op) => {
      if (op.name === "aiex.npu.dma_memcpy_nd") this.#transfer(op);
      else if (op.name === "aiex.npu.dma_wait") this.#wait(op);
    });
    return this.#found;
  }

  #transfer(op: Operation): void {
    this.#warnOfLostOffset(op);
    const allocation = this.#allocation(op.text("metadata"));
    if (allocation === undefined) return;
    const channel = channelOf(allocation);
    const place = placeText(coordOf(tileOperand(allocation)));
    const bd = op.int("id") ?? 0;
    for (const other of [...this.#queued.values()].flat()) {
      if (other.bd !== bd || other.place !== place) continue;
      this.#found.push(
        warning(op, {
          message: `BD ${bd} of tile ${place} is written again, and its transfer of @${other.name} was not waited for`,
          hint: "use another id, or wait for the first transfer",
        }),
      );
    }
    const queue = this.#queue(channel);
    const isToken = op.flag("issue_token") || allocation.text("channel_dir") === "S2MM";
    const name = (op.text("metadata") ?? "").replace(/_shim_alloc$/, "");
    queue.push({ bd, place, name, isToken });
    const { queueDepth } = tileModels.shim.dma;
    if (queue.length === queueDepth + 1) {
      this.#found.push(
        warning(op, {
          message: `${queue.length} transfers of @${name} are queued without a wait: the channel's queue holds ${queueDepth}`,
          hint: "wait for a transfer before the next is queued, or make one transfer of several",
        }),
      );
    }
  }

  /** Everything up to the oldest transfer with a token is done. */
  #wait(op: Operation): void {
    const allocation = this.#allocation(op.text("symbol"));
    if (allocation === undefined) return;
    const queue = this.#queue(channelOf(allocation));
    queue.splice(0, queue.findIndex((queued) => queued.isToken) + 1);
    // What comes back from the array was made of what went in: inputs of the tile are as good as done.
    if (allocation.text("channel_dir") !== "S2MM") return;
    for (const [channel, inputs] of this.#queued) if (channel.includes("MM2S")) inputs.length = 0;
  }

  #warnOfLostOffset(op: Operation): void {
    const [offsets, strides] = ["static_offsets", "static_strides"].map((key) => integers(op.attributes.get(key)));
    const lost = offsets?.findIndex((offset, i) => offset > 0 && strides?.[i] === 0) ?? -1;
    if (lost < 0) return;
    this.#found.push(
      warning(op, {
        message: `offset ${offsets?.[lost]} stands on a dimension of stride 0: offsets count in strides, so it is lost`,
        hint: "put the offset in elements into the last place, whose stride is 1",
      }),
    );
  }

  #allocation(name: string | undefined): Operation | undefined {
    return opsNamed(this.#device, "aie.shim_dma_allocation").find((op) => op.text("sym_name") === name);
  }

  #queue(channel: string): Queued[] {
    const known = this.#queued.get(channel) ?? [];
    this.#queued.set(channel, known);
    return known;
  }
}

interface Queued {
  readonly bd: number;
  readonly place: string;
  readonly name: string;
  readonly isToken: boolean;
}

function channelOf(allocation: Operation): string {
  const place = placeText(coordOf(tileOperand(allocation)));
  return `${place} ${allocation.text("channel_dir")} ${allocation.int("channel_index")}`;
}

function warning(op: Operation, text: { readonly message: string; readonly hint: string }): Diagnostic {
  return { severity: "warning", op: op.name, loc: op.loc, ...text };
}
