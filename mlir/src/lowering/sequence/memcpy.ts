import { DesignError } from "@aiekit/core";
import { syncOp } from "../../builder/npu-ops.ts";
import type { DmaDirection } from "../../device-model/tile-model.ts";
import type { Operation, Value } from "../../ir/operation.ts";
import { bitWidth } from "../../ir/types.ts";
import { coordOf, type Device, integers, opsNamed, tileOperand } from "../device-ops.ts";
import { burstEncoding, shimPattern, type Transfer, transferCure, transferError } from "../shim-transfer.ts";
import type { ChannelRef, Emitter, HostMemory } from "./emitter.ts";

/** Host memory behind a value of the sequence being lowered; undefined for values that stand for none. */
export type HostMemoryOf = (value: Value) => HostMemory | undefined;

/** In a list of static values: this one is an operand. Source: MLIR ShapedType::kDynamic. */
const dynamicMark = -(2n ** 63n);

/**
 * `npu.dma_memcpy_nd`: a BD of the shim tile, its host address, a push to the channel.
 * Source: AIEDmaToNpu DmaToNpuPattern; measured. @throws DesignError with the dialect's message.
 */
export function lowerMemcpy(op: Operation, emitter: Emitter, memoryOf: HostMemoryOf): void {
  const { device } = emitter;
  const metadata = op.text("metadata") ?? "";
  const allocation = shimAllocation(device, metadata);
  if (allocation === undefined) {
    throw new DesignError(`${op.name}: couldn't find shim_dma_allocation op. (@${metadata})`, {
      hint: "metadata names an objectFifo with a shim end or an aie.shim_dma_allocation",
    });
  }
  const { transfer, offset } = readTransfer(op);
  const error = transferError(transfer);
  if (error !== undefined) {
    const hint = transferCure(transfer);
    throw new DesignError(`${op.name} of @${metadata}: ${error}`, hint === undefined ? {} : { hint });
  }
  const burstBytes = op.int("burst_length") ?? 0;
  const burst = burstEncoding(device.model, burstBytes);
  if (burst === undefined) {
    throw new DesignError(
      `${op.name} of @${metadata}: burst of ${burstBytes} B: ${device.model.name} has ${device.model.burstBytes.join(", ")} B`,
    );
  }
  const memory = memoryOf(op.operands[0] as Value);
  if (memory === undefined) {
    throw new DesignError(
      `${op.name} of @${metadata}: memref must be a block argument or subview/cast/reinterpret_cast of a block argument with static offsets, sizes, and strides`,
      { hint: "a subview has one dimension and no steps" },
    );
  }
  const host = {
    argIndex: memory.argIndex,
    offsetBytes: memory.offsetBytes + (offset * transfer.elementBits) / 8,
  };
  const pattern = shimPattern(transfer);
  const bd = op.int("id") ?? 0;
  emitter.writeBd(
    allocation.place,
    {
      ...pattern,
      bd,
      offset: 0,
      burst,
      // A packet header that the allocation names is for tasks; the compiler leaves it out here.
      packet: packetOf(op),
      sizes: [...pattern.sizes, 0],
    },
    { host },
    op.loc,
  );
  const token = op.flag("issue_token") || allocation.direction === "S2MM";
  emitter.pushQueue(allocation, { bd, repeat: pattern.repeat, token }, op.loc);
}

/**
 * Access pattern of a `npu.dma_memcpy_nd` and the element it starts at. Offsets count in the strides that are given, so
 * one on a dimension with stride 0 is lost, as in the real tool.
 * @throws DesignError when a size, stride or offset is not constant.
 */
function readTransfer(op: Operation): { readonly transfer: Transfer; readonly offset: number } {
  const [buffer] = op.operands;
  if (buffer?.type.kind !== "memref" && buffer?.type.kind !== "unranked-memref") {
    throw new DesignError(`${op.name}: expected a memref as first operand`);
  }
  const { offsets, sizes, strides } = accessLists(op);
  return {
    transfer: {
      elementBits: bitWidth(buffer.type.element),
      sizes: sizes.toReversed(),
      strides: strides.toReversed(),
    },
    offset: offsets.reduce((sum, o, i) => sum + o * (strides[i] ?? 0), 0),
  };
}

/** `npu.dma_wait`: takes one token of the allocation's channel. */
export function lowerWait(op: Operation, emitter: Emitter): void {
  const symbol = op.text("symbol") ?? "";
  const allocation = shimAllocation(emitter.device, symbol);
  if (allocation === undefined) {
    throw new DesignError(`${op.name}: couldn't find shim_dma_allocation op (@${symbol})`, {
      hint: allocationsHint(emitter.device),
    });
  }
  const { place, direction, channel } = allocation;
  emitter.append(syncOp({ ...place, direction, channel, loc: op.loc }));
}

/** What a sequence may name. */
export function allocationsHint(device: Device): string {
  const names = opsNamed(device, "aie.shim_dma_allocation").map(
    (op) => `@${op.text("sym_name")?.replace(/_shim_alloc$/, "")}`,
  );
  return `objectFifos with an end on a shim tile, and allocations: ${names.join(", ") || "none"}`;
}

/** A shim DMA allocation by the name of its fifo or its own. */
export function shimAllocation(
  device: Device,
  name: string,
): (ChannelRef & { readonly packet: { readonly type: number; readonly id: number } | undefined }) | undefined {
  const named = (symbol: string) =>
    opsNamed(device, "aie.shim_dma_allocation").find((op) => op.text("sym_name") === symbol);
  const op = named(name) ?? named(`${name}_shim_alloc`);
  if (op === undefined) return undefined;
  const direction: DmaDirection = op.text("channel_dir") === "MM2S" ? "MM2S" : "S2MM";
  return { place: coordOf(tileOperand(op)), direction, channel: op.int("channel_index") ?? 0, packet: packetOf(op) };
}

export function packetOf(op: Operation): { readonly type: number; readonly id: number } | undefined {
  const attr = op.attributes.get("packet");
  return attr?.kind === "packet-info" ? { type: attr.packetType, id: attr.packetId } : undefined;
}

/** Integer that a value always has. @throws DesignError when it is not a constant. */
function constantValue(value: Value | undefined, what: string): number {
  const attr = value?.definingOp?.name === "arith.constant" ? value.definingOp.attributes.get("value") : undefined;
  if (attr?.kind !== "integer") throw new DesignError(`Only constant ${what} currently supported.`);
  return Number(attr.value);
}

function accessLists(op: Operation): { offsets: number[]; sizes: number[]; strides: number[] } {
  const segments = integers(op.attributes.get("operandSegmentSizes"));
  let next = segments[0] ?? 1;
  const list = (key: string, what: string): number[] => {
    const attr = op.attributes.get(key);
    const values = attr?.kind === "dense-array" ? attr.values : [];
    return values.map((v) => (v === dynamicMark ? constantValue(op.operands[next++], what) : Number(v)));
  };
  return {
    offsets: list("static_offsets", "offsets"),
    sizes: list("static_sizes", "sizes"),
    strides: list("static_strides", "strides"),
  };
}
