import { DesignError } from "@aiekit/core";
import type { Value } from "../ir/operation.ts";
import { bitWidth, memrefElements } from "../ir/types.ts";
import { strictTransferError, type Transfer, touchedElements, transferCure } from "../lowering/shim-transfer.ts";
import { typeText } from "../printer/attributes.ts";
import type { FifoHandle, ShimChannelHandle } from "./handles.ts";

type Quadruple = readonly [number, number, number, number];

/** What a shim DMA moves between a host buffer and the array. */
export interface TransferPattern {
  /** Fifo with a shim end, or a shim channel: the transfer feeds it or drains it. */
  readonly fifo: FifoHandle | ShimChannelHandle;
  /** Host buffer: an argument of the sequence. */
  readonly buffer: Value;
  /** Position of the first element in the buffer; 0 when absent. */
  readonly offset?: number;
  /** Four sizes and strides in elements, outermost first. Absent: the whole buffer in order. */
  readonly sizes?: Quadruple;
  readonly strides?: Quadruple;
  /** Bytes asked for at once; the longest burst of the device when absent. */
  readonly burstBytes?: number;
  /** True: several transfers after one another fill the objects, this one need not be whole objects. */
  readonly fillsPart?: boolean;
  /** Header of the packet that the data travel in. */
  readonly packet?: { readonly type: number; readonly id: number };
}

/** True when the host sends. @throws DesignError when no end is a shim tile. */
export function isInput(fifo: FifoHandle | ShimChannelHandle, where: string): boolean {
  if ("direction" in fifo) return fifo.direction === "MM2S";
  if (fifo.producer.kind === "shim") return true;
  if (fifo.consumers.some((tile) => tile.kind === "shim")) return false;
  throw new DesignError(`${where}: neither end of the fifo is a shim tile`);
}

/** Sizes and strides of a transfer. @throws DesignError for what the shim DMA cannot do or the buffer does not hold. */
export function checkTransfer(
  options: TransferPattern,
  args: readonly Value[],
  where: string,
): { readonly sizes: Quadruple; readonly strides: Quadruple } {
  const { fifo, buffer, offset = 0, packet } = options;
  const type = buffer.type;
  if (type.kind !== "memref" || !args.includes(buffer)) {
    throw new DesignError(`${where}: expected an argument of the sequence as buffer, got ${typeText(type)}`);
  }
  isInput(fifo, where);
  const elements = memrefElements(type) ?? 0;
  const sizes = options.sizes ?? [1, 1, 1, elements];
  const strides = options.strides ?? [0, 0, 0, 1];
  const pattern: Transfer = {
    elementBits: bitWidth(type.element),
    sizes: sizes.toReversed(),
    strides: strides.toReversed(),
  };
  const error = strictTransferError(pattern);
  if (error !== undefined) {
    const hint = transferCure(pattern);
    throw new DesignError(`${where}: ${error}`, hint === undefined ? {} : { hint });
  }
  const { first, end } = touchedElements(pattern, offset);
  if (first < 0 || end > elements) {
    throw new DesignError(`${where}: touches elements ${first}..${end - 1} of a buffer of ${elements} elements`);
  }
  if ("element" in fifo) {
    expectObjects(fifo, { type: typeText(type.element), sizes, where, fillsPart: options.fillsPart ?? false });
  }
  if (packet && !(packet.id >= 0 && packet.id <= 31 && packet.type >= 0 && packet.type <= 7)) {
    throw new DesignError(`${where}: expected a packet id 0..31 and type 0..7, got ${packet.id} and ${packet.type}`);
  }
  return { sizes, strides };
}

function expectObjects(
  fifo: FifoHandle,
  moved: { readonly type: string; readonly sizes: Quadruple; readonly where: string; readonly fillsPart: boolean },
): void {
  const { type, sizes, where, fillsPart } = moved;
  if (type !== typeText(fifo.element.element)) {
    throw new DesignError(`${where}: buffer of ${type}, objects of ${typeText(fifo.element.element)}`);
  }
  const total = sizes.reduce((n, s) => n * s, 1);
  const object = memrefElements(fifo.element) ?? 0;
  if (total % object !== 0 && !fillsPart) {
    throw new DesignError(`${where}: ${total} elements are not whole objects of ${object} elements`);
  }
}
